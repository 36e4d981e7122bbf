#!/usr/bin/env python3
"""Makes wg_noise_vectors.h: transcripts of the WireGuard handshake from a second implementation.

The Noise state below is written from the Noise specification (revision 34), knows nothing of
lib/wg, and uses Python's own BLAKE2s and the package `cryptography`. Before it prints anything it
must reproduce the published vector "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s" of the cacophony
collection (as in github.com/mcginty/snow, tests/vectors/cacophony.txt). Then it runs WireGuard's
prologue and payloads. `wg_noise_vectors.py > wg_noise_vectors.h` after a change here.
"""
import hashlib
import hmac
import sys

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def blake(*parts):
    return hashlib.blake2s(b"".join(parts)).digest()


def hkdf(key, material, n):
    def mac(k, m):
        return hmac.new(k, m, hashlib.blake2s).digest()
    temp, out, last = mac(key, material), [], b""
    for i in range(1, n + 1):
        last = mac(temp, last + bytes([i]))
        out.append(last)
    return out


def public(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes(
        Encoding.Raw, PublicFormat.Raw)


def dh(private, pub):
    return X25519PrivateKey.from_private_bytes(private).exchange(
        X25519PublicKey.from_public_bytes(pub))


class Symmetric:
    """Section 5.2 of the Noise specification."""

    def __init__(self, name):
        self.h = name + bytes(32 - len(name)) if len(name) <= 32 else blake(name)
        self.ck, self.k, self.n = self.h, None, 0

    def mix_hash(self, data):
        self.h = blake(self.h, data)

    def mix_key(self, material):
        self.ck, self.k = hkdf(self.ck, material, 2)
        self.n = 0

    def mix_key_and_hash(self, material):
        self.ck, t, self.k = hkdf(self.ck, material, 3)
        self.n = 0
        self.mix_hash(t)

    def nonce(self):
        self.n += 1
        return bytes(4) + (self.n - 1).to_bytes(8, "little")

    def encrypt(self, plain):
        out = ChaCha20Poly1305(self.k).encrypt(self.nonce(), plain, self.h)
        self.mix_hash(out)
        return out

    def e(self, pub):
        self.mix_hash(pub)
        self.mix_key(pub)  # psk handshakes mix every e token (section 9.2)

    def split(self):
        return hkdf(self.ck, b"", 2)


def handshake(prologue, psk, si, ei, sr, er, payload1, payload2):
    """IKpsk2: the messages and the two keys. Both sides do the same, so one is enough."""
    s = Symmetric(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s")
    s.mix_hash(prologue)
    s.mix_hash(public(sr))
    s.e(public(ei))
    s.mix_key(dh(ei, public(sr)))
    static = s.encrypt(public(si))
    s.mix_key(dh(si, public(sr)))
    first = public(ei) + static + s.encrypt(payload1)
    s.e(public(er))
    s.mix_key(dh(er, public(ei)))
    s.mix_key(dh(er, public(si)))
    s.mix_key_and_hash(psk)
    second = public(er) + s.encrypt(payload2)
    return first, second, *s.split()


def unhex(text):
    return bytes.fromhex(text.replace("\n", "").replace(" ", ""))


SI = unhex("e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1")
EI = unhex("893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a")
SR = unhex("4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893")
ER = unhex("bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b")
PSK = b"This is my Austrian perspective!"


def check_published():
    first, second, k1, k2 = handshake(
        b"John Galt", PSK, SI, EI, SR, ER, b"Ludwig von Mises", b"Murray Rothbard")
    assert first == unhex("""
ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944
001e21de9f98ddd8e2ad57527207feb56253c9c94a9e496782ecfcb2a75fbcaf
1b52948cc48daefe660c62119ab5000980c84831215f2441eba616548e832985
464cf17e51ee93109008399a21f7e13f""")
    assert second == unhex("""
95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843
cb765f2caef0751b8f007572dab0322217755c0632f365717edbf34d33e87a""")
    data = ChaCha20Poly1305(k1).encrypt(bytes(12), b"F. A. Hayek", b"")
    assert data == unhex("8153ca9833bc3c1b91a7e66e5f4d4f5b59bf9e64c2f20d15f0bba7")
    data = ChaCha20Poly1305(k2).encrypt(bytes(12), b"Carl Menger", b"")
    assert data == unhex("07af0c9c86e1b4e80f36b04ff7688d51141af3debd0332f0a705ef")


def macs(body, theirs, cookie=None):
    mac1 = hashlib.blake2s(body, key=blake(b"mac1----", theirs), digest_size=16).digest()
    mac2 = bytes(16)
    if cookie:
        mac2 = hashlib.blake2s(body + mac1, key=cookie, digest_size=16).digest()
    return body + mac1 + mac2


def wireguard(psk, cookie):
    stamp = unhex("400000006553f10a00000000")
    first, second, k1, k2 = handshake(
        b"WireGuard v1 zx2c4 Jason@zx2c4.com", psk, SI, EI, SR, ER, stamp, b"")
    m1 = macs(b"\1\0\0\0" + b"\xa1\xa2\xa3\xa4" + first, public(SR), cookie)
    m2 = macs(b"\2\0\0\0" + b"\xb1\xb2\xb3\xb4" + b"\xa1\xa2\xa3\xa4" + second, public(SI), cookie)
    return m1, m2, k1, k2


def emit(name, data):
    print(f"\t.{name} = {{")
    for i in range(0, len(data), 12):
        print("\t\t" + ", ".join(f"0x{b:02x}" for b in data[i:i + 12]) + ",")
    print("\t},")


def main():
    check_published()
    print("/* Made by wg_noise_vectors.py; change that instead. */")
    print("#ifndef LR_T_UNIT_WG_NOISE_VECTORS_H\n#define LR_T_UNIT_WG_NOISE_VECTORS_H\n")
    print("#include <stdbool.h>\n#include <stdint.h>\n")
    print("/* clang-format off */")
    for name, value in (("si", SI), ("ei", EI), ("sr", SR), ("er", ER), ("psk", PSK)):
        print(f"#define VECTOR_{name.upper()} \"{value.hex()}\"")
    print("static const struct {\n\tbool psk;\n\tuint8_t cookie[16], initiation[148], response[92],"
          " to_responder[32], to_initiator[32];\n} transcripts[] = {")
    for psk, cookie in ((bytes(32), None), (PSK, None), (PSK, bytes(range(16)))):
        print("{")
        print(f"\t.psk = {'true' if any(psk) else 'false'},")
        if cookie:
            emit("cookie", cookie)
        for name, data in zip(("initiation", "response", "to_responder", "to_initiator"),
                              wireguard(psk, cookie)):
            emit(name, data)
        print("},")
    print("};\n/* clang-format on */\n\n#endif")
    return 0


sys.exit(main())
