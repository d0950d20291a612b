# SPDX-License-Identifier: Apache-2.0
"""Users' tokens as an issuer makes them, and as a forger does: every part can be chosen."""
import base64
import hashlib
import hmac
import json
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

SECRET = "a-secret-of-the-tests-that-is-long-enough"
ISSUER = "https://issuer.example"
AUDIENCE = "sync-fleet"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(value):
    """A part of a token: bytes as they are, other things as JSON."""
    return b64(value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode())


def number(value, size=None):
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def by_secret(secret=SECRET):
    key = secret if isinstance(secret, bytes) else secret.encode()
    return lambda signed: hmac.new(key, signed, hashlib.sha256).digest()


def compose(header, payload, sign):
    """header.payload.signature; `sign` makes the signature's bytes of the text before it."""
    signed = f"{part(header)}.{part(payload)}"
    return f"{signed}.{b64(sign(signed.encode()))}"


class RsaKey:
    alg = "RS256"

    def __init__(self, kid):
        self.kid, self.private = kid, rsa.generate_private_key(65537, 2048)

    def sign(self, signed):
        return self.private.sign(signed, padding.PKCS1v15(), hashes.SHA256())

    def jwk(self):
        n = self.private.public_key().public_numbers()
        return {"kty": "RSA", "kid": self.kid, "use": "sig", "alg": "RS256", "n": number(n.n), "e": number(n.e)}


class EcKey:
    alg = "ES256"

    def __init__(self, kid):
        self.kid, self.private = kid, ec.generate_private_key(ec.SECP256R1())

    def sign_der(self, signed):
        return self.private.sign(signed, ec.ECDSA(hashes.SHA256()))

    def sign(self, signed):
        r, s = decode_dss_signature(self.sign_der(signed))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def jwk(self):
        n = self.private.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "kid": self.kid, "x": number(n.x, 32), "y": number(n.y, 32)}


def claims(subject="user-1", tenant="first", life_s=600, **more):
    """What our issuer says; None leaves a claim out."""
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "tenant_id": tenant, "exp": int(time.time()) + life_s, **more}
    return {name: value for name, value in said.items() if value is not None}


def token(key=None, subject="user-1", header=None, **said):
    """A good token, by the secret or by a key."""
    head = {"alg": key.alg, "kid": key.kid} if key else {"alg": "HS256"}
    return compose({**head, "typ": "JWT", **(header or {})}, claims(subject, **said), key.sign if key else by_secret())


def key_set(*keys):
    return {"keys": [key.jwk() for key in keys]}
