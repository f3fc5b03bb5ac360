"""Pictures of strangers, freed of what cameras and programs write into them beside the pixels.

No pixel is decoded: files are taken apart and put together again from the parts that a picture
needs, by lists of what stays. What is on no list goes: place, device, names, comments, thumbnails,
second pictures, and whatever stands behind the end.
"""
