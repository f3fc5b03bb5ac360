"""Pictures as telephones send them: with the place, the device and its owner in them."""

import base64
import io
import struct
import zlib

from PIL import ExifTags, Image, ImageCms, PngImagePlugin

# Stands in all that is no picture. Turned by 90 degrees: browsers show the sides exchanged.
SECRET, TURNED, SIZE = b"OWNER-7781", 6, (64, 48)
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + SECRET + b"</x:xmpmeta>"
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
MIME = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "TIFF": "image/tiff"}
MIME |= {"GIF": "image/gif"}


def chunk(kind, data):
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(data=b"x"):
    """A PNG without metadata whose pixels are these bytes, which no reader unpacks."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def jpeg(data=b"x"):
    """A JPEG without metadata whose scan is these bytes, which no reader unpacks."""
    frame = b"\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00"
    return b"\xff\xd8" + frame + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + data + b"\xff\xd9"


def exif(orientation=TURNED):
    """EXIF with orientation, place, device, its number and its owner."""
    marks, name = Image.Exif(), SECRET.decode()
    marks[ExifTags.Base.Orientation], marks[ExifTags.Base.Make] = orientation, name
    marks.get_ifd(ExifTags.IFD.Exif).update(
        {ExifTags.Base.BodySerialNumber: name, ExifTags.Base.MakerNote: SECRET}
    )
    marks.get_ifd(ExifTags.IFD.GPSInfo).update(
        {1: "N", 2: (30.0, 40.0, 5.9), 3: "E", 4: (51.0, 35.0, 1.2), 29: name}
    )
    return marks


def photo(form="JPEG", *, size=SIZE, mode="RGB", behind=b"PK\x03\x04" + SECRET, **more):
    """A picture of this form (Pillow's name) with metadata everywhere, and something behind it."""
    pixels = Image.effect_noise(size, 60).convert(mode)
    out = io.BytesIO()
    if form == "GIF":
        pixels.save(out, form, comment=SECRET, **more)
        return out.getvalue() + behind
    if form == "PNG":
        more["pnginfo"] = texts = PngImagePlugin.PngInfo()
        texts.add_text("Author", SECRET.decode())
        texts.add_text("Comment", SECRET.decode(), zip=True)
        texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    elif form == "TIFF":
        more["description"] = SECRET.decode()
    else:
        more["xmp"] = XMP
    if form == "JPEG":
        more["comment"] = SECRET
    pixels.save(out, form, exif=exif(), icc_profile=PROFILE, **more)
    return out.getvalue() + behind


def facts(content):
    """What a picture says beside its pixels and their colours; nothing but how it is turned."""
    with Image.open(io.BytesIO(content)) as image:
        marks = image.getexif()
        own = {} if image.format == "TIFF" else dict(marks)
        turned = marks.get(ExifTags.Base.Orientation, 1)
        places = {**marks.get_ifd(ExifTags.IFD.GPSInfo), **marks.get_ifd(ExifTags.IFD.Exif)}
        own.pop(ExifTags.Base.Orientation, None)
    return {"turned": turned, "other": own | places, "secret": SECRET in content}


CLEAN = {"turned": TURNED, "other": {}, "secret": False}


def pixels(content):
    """The pixels of a picture, as they are stored."""
    with Image.open(io.BytesIO(content)) as image:
        return image.mode, image.size, image.tobytes()


# By libheif, 64 by 48 pixels: turned by a property (irot), with place and owner
# in EXIF and XMP, and a small copy. Its own pixels are HEIC_PIXELS.
HEIC = base64.b85decode(
    "0000SW^{RQXk}?*00000ZE0pPXk}?*ZE0a<0008)ZDn*}000000000XXk=`10000000000aA{+700000000000000000"
    "000SZQo;V*mgE07O6l1ONd5000035C8!H000000024w0ssI200T+@0RR9100000mH-0)00003-~a&t00000000pH1ONa"
    "400Z#=0RR9100000LjV8(cWG&EW&i*H000C4000$fZf0cy000000RRAKc4ILB0000LX>Mj^0ssI300IC2MR;ju00000D"
    "rs(JWdZ;I0RRI40Bvb)WdLDtaBOK~VRUJ4ZZC3VW-EAYYybcN000$fZf0cy000001ONbNc4ILB0000EaA|aH00000009"
    "610jz0oa&Q0u0fT99V{ZTe0Cs40V?zN0Z~y=RkN^Mx0018F0Q~*<_y7P817H9F02n|43<3ZD18@KU0|1Z!00RI30{|Yn"
    "0zhE^0RSpO0RaPW00093kN^M!000939-ttB1(xdMrn$HXXfPlE00RRc00093Az}al00u+>!E?Zg0000JV{dG7ZewhC00"
    "96E00w{n000zeb8uw<00000002M$002M$001asY+-N!002M$00031001xm000310000000092|Nrm+00062000nhX?SS"
    ">000032nYxO000STa&L440001WXm(>m0RwOV0058x000009`FGC{rLC*01pFT0096PKmiN^|NjGU00093kN^M!000939"
    "=ZZRVE_RDDMA4O18@KU0|1Z!00RI30{|YNAb|yz>aLpR;31&EfB*mtfB*mk0EA)y0RRR>0l{;@i2wiqC}V74Z~y=RAOH"
    "XW0RR917ytkO0ssI1-~a#s0{{R2*Z=?k0ssI2A!%@JVE_OC000000ssL9fdT^sgoXeF1&0F#h=u?F05)lIWo7^X00000"
    "01jhhb7KGk009620000EV`Ot<00RI40096101k9$ZDIff009620003jZDe6|0000sC;_h-fbJ<&+Utc-(EIjMfwx|y23"
    "koRBdC#9s9{NnTKa)*HdX#2>EN~3Yr_FHuZ6J)LEZoW00u>PX=VTbO-%qQ0000800RLJ00IC201E&B05Sm*00RI30096"
    "7004+300aO40096106qW!002){PDN5JH#ayj000030096300002P5=M^00IC7000030001J0384V0000B0001h000000"
    "000U000010000e000010000500001PghPwQY|+(I57YKJa|4&S58GzEjKqfF+4ALJ^%m!KPUmO86jyT!0sTmonKv>nx$"
    "_u-un*BEW5w=a#Y!dc<J1AdeTGEyD-g`B2&(1pz<_G#O1bQpB!4RYAH5="
)
HEIC_PIXELS = slice(784, 842)
