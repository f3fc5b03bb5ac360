"""Refusing weak public keys, with which anybody could sign or every signature would verify.

Libraries take such keys, since they look at the length only. Ed25519: RFC 8032, 5.1.7, and "Taming
the many EdDSAs" (2020). RSA: FIPS 186-5, A.1, and CVE-2017-15361.
"""

import math
from functools import lru_cache

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
ED25519_BYTES = 32
RSA_BITS = range(2048, 4097)
RSA_EXPONENT_LEAST, RSA_EXPONENT_BITS = 65537, 256
FERMAT_STEPS, WITNESSES = 100, (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)

Point = tuple[int, int, int, int]  # X, Y, Z, T of "twisted Edwards" coordinates


class WeakKey(ValueError):
    """The key is weak; the text says why."""


@lru_cache(maxsize=4096)
def require_strong_ed25519(raw: bytes) -> None:
    """WeakKey unless these are the canonical bytes of a point of the large prime order."""
    if len(raw) != ED25519_BYTES:
        raise WeakKey("An Ed25519 public key has 32 bytes.")
    point = _point(raw)
    if not _is_neutral(_times(ORDER, point)) or _is_neutral(point):
        raise WeakKey("This Ed25519 key is of small order: it would fit forged signatures.")


def is_sound_commitment(raw: bytes) -> bool:
    """False for an R of a signature that is not canonical, or of small order (RFC 8032, 5.1.7)."""
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    return len(raw) == ED25519_BYTES and y < P and raw not in _small_order()


@lru_cache(maxsize=4096)
def require_strong_rsa(modulus: int, exponent: int) -> None:
    """WeakKey for an RSA key that can be broken, or is none."""
    if modulus.bit_length() not in RSA_BITS:
        raise WeakKey("An RSA key has 2048 to 4096 bits.")
    if (
        exponent % 2 == 0
        or exponent < RSA_EXPONENT_LEAST
        or exponent.bit_length() > RSA_EXPONENT_BITS
    ):
        raise WeakKey("The exponent of an RSA key is odd, and 65537 or more.")
    if math.gcd(modulus, _product_of_small_primes()) != 1:
        raise WeakKey("The modulus of this RSA key has a small factor.")
    if _has_close_factors(modulus) or _is_probably_prime(modulus):
        raise WeakKey("The modulus of this RSA key is no product of two distant primes.")
    if _is_of_roca(modulus):
        raise WeakKey("This RSA key was made by a chip whose keys can be computed (ROCA).")


def _point(raw: bytes) -> Point:
    members = int.from_bytes(raw, "little")
    y, sign = members & (2**255 - 1), members >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        raise WeakKey("These bytes are no Ed25519 public key.")
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def _plus(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(scalar: int, point: Point) -> Point:
    product: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            product = _plus(product, point)
        point, scalar = _plus(point, point), scalar >> 1
    return product


def _is_neutral(point: Point) -> bool:
    return point[0] == 0 and point[1] == point[2]


@lru_cache(maxsize=1)
def _small_order() -> frozenset[bytes]:
    """The canonical bytes of the eight points of small order, with both signs."""
    eighth = int("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", 16)
    y8 = int.from_bytes(eighth.to_bytes(32, "big"), "little") & (2**255 - 1)
    ys = (0, 1, P - 1, y8, P - y8)
    return frozenset((y | sign << 255).to_bytes(32, "little") for y in ys for sign in (0, 1))


@lru_cache(maxsize=1)
def _product_of_small_primes() -> int:
    sieve = bytearray([1]) * (1 << 16)
    for n in range(2, 1 << 8):
        if sieve[n]:
            sieve[n * n :: n] = bytes(len(sieve[n * n :: n]))
    return math.prod(n for n in range(2, len(sieve)) if sieve[n])


def _has_close_factors(modulus: int) -> bool:
    """Fermat's way: finds factors that lie near the square root, a square's above all."""
    middle = math.isqrt(modulus - 1) + 1
    for step in range(FERMAT_STEPS):
        rest = (middle + step) ** 2 - modulus
        if math.isqrt(rest) ** 2 == rest:
            return True
    return False


def _is_probably_prime(number: int) -> bool:
    """Miller and Rabin's test: a modulus that is one prime keeps no secret."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(_passes(number, witness, odd, twos) for witness in WITNESSES)


def _passes(number: int, witness: int, odd: int, twos: int) -> bool:
    power = pow(witness, odd, number)
    if power in (1, number - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False


def _is_of_roca(modulus: int) -> bool:
    """Such a modulus is a power of 65537 for each of these primes."""
    primes = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
    return all(
        modulus % prime in {pow(65537, power, prime) for power in range(prime)} for prime in primes
    )
