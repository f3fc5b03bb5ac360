"""An OpenID Connect provider that speaks the real protocol; it plays the organisation's login."""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "mirab-desk", "the client's secret"


class Provider(ThreadingHTTPServer):
    """``claims`` changes the ID tokens that it gives; ``user`` is who has signed in there."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server_address[1]}"
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.be_good()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def be_good(self):
        """Nothing is wrong with what it says from now on, and mina has signed in there."""
        self.signs_with = self.key
        self.user, self.claims, self.codes = "mina", {}, {}

    def end(self):
        self.shutdown()
        self.server_close()

    def logout_token(self, **changes):
        """What the login sends when somebody left it (OpenID Connect Back-Channel Logout 1.0)."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "17",
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_urlsafe(8),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            **changes,
        }
        return jwt.encode(
            {"alg": "RS256", "kid": "one", "typ": "logout+jwt"}, claims, self.signs_with
        )


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        provider = self.server
        if url.path == "/.well-known/openid-configuration":
            self._json(
                {
                    "issuer": provider.issuer,
                    "authorization_endpoint": f"{provider.issuer}/authorize",
                    "token_endpoint": f"{provider.issuer}/token",
                    "jwks_uri": f"{provider.issuer}/keys",
                }
            )
        elif url.path == "/keys":
            self._json({"keys": [provider.key.as_dict(private=False)]})
        elif url.path == "/authorize":
            code = secrets.token_urlsafe(16)
            provider.codes[code] = query
            back = urlencode({"code": code, "state": query["state"]})
            self.send_response(302)
            self.send_header("Location", f"{query['redirect_uri']}?{back}")
            self.end_headers()

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
        reply = {name: values[0] for name, values in parse_qs(raw).items()}
        request = self.server.codes.pop(reply.get("code"), None)
        proof = hashlib.sha256(reply.get("code_verifier", "").encode()).digest()
        good = (
            request is not None
            and self.headers["Authorization"]
            == "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            and request["redirect_uri"] == reply["redirect_uri"]
            and request["code_challenge"] == base64.urlsafe_b64encode(proof).decode().rstrip("=")
        )
        if not good:
            self._json({"error": "invalid_grant"}, 400)
            return
        now = int(time.time())
        claims = {
            "iss": self.server.issuer,
            "aud": CLIENT,
            "sub": "17",
            "preferred_username": self.server.user,
            "nonce": request["nonce"],
            "iat": now,
            "exp": now + 300,
            **self.server.claims,
        }
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.server.signs_with)
        self._json({"access_token": "x", "token_type": "Bearer", "id_token": token})

    def _json(self, reply, status=200):
        body = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
