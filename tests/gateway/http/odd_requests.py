"""Requests by which parsers are made to differ, and the answers that each of them is due."""

GET = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"
HIDDEN = b"GET /health/live HTTP/1.1\r\nHost: hidden\r\n\r\n"
LAST = b"GET /health/live HTTP/1.1\r\nHost: last\r\nConnection: close\r\n\r\n"
POST = b"POST /mirror HTTP/1.1\r\nHost: x\r\n"
BODIES = {
    "length": b"Content-Length: %d\r\n\r\n%b" % (len(HIDDEN), HIDDEN),
    "chunks": b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN),
}
UPGRADES = {
    "h2c": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
    "websocket": b"Connection: x, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n",
    "TLS": b"Upgrade: TLS/1.0\r\nConnection: upgrade\r\n",
    "foo twice": b"Connection: upgrade\r\nUpgrade: foo\r\nUpgrade: bar\r\n",
    "Connection twice": b"Connection: Upgrade\r\nUpgrade: h2c\r\nConnection: keep-alive\r\n",
    "empty": b"Connection: upgrade\r\nUpgrade:\r\n",
    "in capitals": b"CONNECTION: UPGRADE\r\nUPGRADE: H2C\r\n",
    "blanks": b"Connection:  , upgrade ,\r\nUpgrade: h2c , websocket\r\n",
    "Proxy-Connection": b"Proxy-Connection: upgrade\r\nUpgrade: h2c\r\n",
    "Upgrade alone": b"Upgrade: h2c\r\n",
    "Connection alone": b"Connection: upgrade\r\n",
    "expecting": b"Connection: Upgrade\r\nUpgrade: h2c\r\nTE: trailers\r\nKeep-Alive: 5\r\n",
}

CODED = POST + b"Transfer-Encoding: "
NONE = b"\r\n\r\n0\r\n\r\n"  # the end of a head, and chunks without a body
REST = b"HTTP/1.1\r\nHost: x\r\n\r\n" + HIDDEN
HEADS = {
    # what a parser changes its state by → (the answers, in order)
    "CONNECT to a host": (b"CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n" + HIDDEN, [501]),
    "CONNECT to a path": (b"CONNECT /mirror " + REST, [501]),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + HIDDEN, [400]),
    "HTTP/2.0": (b"GET /health/live HTTP/2.0\r\nHost: x\r\n\r\n" + HIDDEN, [505]),
    "HTTP/0.9": (b"GET /health/live\r\n\r\n" + HIDDEN, [505]),
    "HTTP/0.9 in words": (b"GET /health/live HTTP/0.9\r\nHost: x\r\n\r\n" + HIDDEN, [505]),
    "HTTP/1.0 without Host": (b"GET /health/live HTTP/1.0\r\n\r\n" + HIDDEN, [200]),
    "HTTP/1.0 that stays": (
        b"GET /health/live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + HIDDEN,
        [200],
    ),
    "HTTP/1.0 in chunks": (
        b"POST /mirror HTTP/1.0\r\nTransfer-Encoding: chunked" + NONE + HIDDEN,
        [400],
    ),
    "a method in lower case": (b"get /health/live " + REST, [501]),
    "a method that nobody knows": (b"BREW /mirror " + REST, [501]),
    "a method of WebDAV": (b"PROPFIND /mirror " + REST, [501]),
    "a method of UPnP": (b"M-SEARCH * " + REST, [501]),
    "TRACE": (b"TRACE /mirror HTTP/1.1\r\nHost: x\r\n\r\n" + LAST, [405, 200]),
    "a length and chunks": (
        POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked" + NONE + HIDDEN,
        [400],
    ),
    "chunks and a length": (CODED + b"chunked\r\nContent-Length: 4" + NONE + HIDDEN, [400]),
    "two lengths": (POST + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd" + HIDDEN, [400]),
    "a list of lengths": (POST + b"Content-Length: 4, 4\r\n\r\nabcd" + HIDDEN, [400]),
    "a length with a sign": (POST + b"Content-Length: +4\r\n\r\nabcd" + HIDDEN, [400]),
    "a length in hexadecimal": (POST + b"Content-Length: 0x4\r\n\r\nabcd" + HIDDEN, [400]),
    "a length of nothing": (POST + b"Content-Length:\r\n\r\n" + HIDDEN, [400]),
    "a length over 64 bits": (
        POST + b"Content-Length: 18446744073709551620\r\n\r\nabcd" + HIDDEN,
        [400],
    ),
    "chunked twice": (CODED + b"chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [400]),
    "chunked, chunked": (CODED + b"chunked, chunked" + NONE + HIDDEN, [400]),
    "gzip, chunked": (CODED + b"gzip, chunked" + NONE + HIDDEN, [501]),
    "chunked, gzip": (CODED + b"chunked, gzip" + NONE + HIDDEN, [400]),
    "identity": (CODED + b"identity\r\n\r\n" + HIDDEN, [501]),
    "xchunked": (CODED + b"xchunked" + NONE + HIDDEN, [501]),
    "chunked in quotes": (POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n' + HIDDEN, [501]),
    "chunked;q=1": (CODED + b"chunked;q=1" + NONE + HIDDEN, [501]),
    "CHUNKED": (CODED + b"CHUNKED" + NONE + LAST, [200, 200]),
    "chunked behind a tab": (POST + b"Transfer-Encoding:\tchunked" + NONE + LAST, [200, 200]),
    "a blank before the colon": (POST + b"Transfer-Encoding : chunked" + NONE + HIDDEN, [400]),
    "a folded coding": (POST + b"Transfer-Encoding:\r\n chunked" + NONE + HIDDEN, [400]),
    "a folded header": (GET + b"X-A: a\r\n b\r\n\r\n" + HIDDEN, [400]),
    "a first header that is folded": (
        b"GET /health/live HTTP/1.1\r\n Host: x\r\n\r\n" + HIDDEN,
        [400],
    ),
    "LF alone": (b"GET /health/live HTTP/1.1\nHost: x\n\n" + HIDDEN, [400]),
    "LF alone at the end": (GET + b"X-A: b\n\r\n" + HIDDEN, [400]),
    "CR alone": (GET + b"X-A: a\rTransfer-Encoding: chunked\r\n\r\n" + HIDDEN, [400]),
    "CR CR LF": (GET + b"X-A: a\r\r\n\r\n" + HIDDEN, [400]),
    "NUL in a value": (GET + b"X-A: a\0b\r\n\r\n" + HIDDEN, [400]),
    "a control character in a name": (GET + b"X\x01A: b\r\n\r\n" + HIDDEN, [400]),
    "a header without a name": (GET + b": b\r\n\r\n" + HIDDEN, [400]),
    "a line without a colon": (GET + b"nothing\r\n\r\n" + HIDDEN, [400]),
    "empty lines before": (b"\r\n\r\n" + GET + b"\r\n" + LAST, [200, 200]),
    # RFC 9112, section 3: a reader may take more than one blank for one.
    "two blanks in the line": (b"GET  /mirror HTTP/1.1\r\nHost: x\r\n\r\n" + LAST, [200, 200]),
    "a tab in the line": (b"GET\t/health/live " + REST, [400]),
    "a fragment": (b"GET /health/live#x " + REST, [400]),
    "a chunk's size with a sign": (CODED + b"chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n" + HIDDEN, [400]),
    "a chunk's size with 0x": (CODED + b"chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n" + HIDDEN, [400]),
    "a chunk's size with a blank": (CODED + b"chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n" + HIDDEN, [400]),
    "a chunk with LF": (CODED + b"chunked\r\n\r\n1\na\n0\n\n" + HIDDEN, [400]),
    "a chunk longer than its size": (
        CODED + b"chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n" + HIDDEN,
        [400],
    ),
    "a chunk's extension": (CODED + b"chunked\r\n\r\n1;a=b\r\na\r\n0\r\n\r\n" + LAST, [200, 200]),
    "a body with GET": (
        b"GET /mirror HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n" + HIDDEN[:40] + LAST,
        [200, 200],
    ),
    "a body with HEAD": (
        b"HEAD /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n" + HIDDEN[:40] + LAST,
        [200, 200],
    ),
    "a body with DELETE": (
        b"DELETE /mirror HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked" + NONE + LAST,
        [405, 200],
    ),
    "a body where nothing is": (
        b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\n" + HIDDEN[:40] + LAST,
        [404, 200],
    ),
    "close, and more": (GET + b"Connection: close\r\n\r\n" + HIDDEN, [200]),
    "close in a list": (GET + b"Connection: x, close\r\n\r\n" + HIDDEN, [200]),
    "close in another header": (
        GET + b"Connection: x\r\nConnection: close\r\n\r\n" + HIDDEN,
        [200],
    ),
    "another expectation": (GET + b"Expect: a miracle\r\n\r\n" + HIDDEN, [417]),
    "an expectation of HTTP/1.0": (
        b"GET /health/live HTTP/1.0\r\nExpect: 100-continue\r\n\r\n" + HIDDEN,
        [200],
    ),
    "an error behind a request": (GET + b"\r\n" + b"GET\t/ HTTP/1.1\r\n\r\n" + HIDDEN, [200, 400]),
    "a request behind an error": (b"GET / HTTP/9.9\r\n\r\n" + HIDDEN * 3, [400]),
    "OPTIONS of all": (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n" + LAST, [404, 200]),
    "a star": (b"GET * " + REST, [400]),
    "an authority": (b"GET x:80 " + REST, [400]),
    "no slash": (b"GET health/live " + REST, [400]),
    "another scheme": (b"GET ftp://x/health/live " + REST, [400]),
    "a user in the address": (b"GET http://u:p@x/mirror " + REST, [400]),
    "no host in the address": (b"GET http:///mirror " + REST, [400]),
}
