"""codewords.py: writes codewords.json, classic Reed-Solomon codewords on which reedsolo and libfec agree.

  apt-get install -y libfec0 python3
  pip install --target target/reedsolo reedsolo==1.7.0
  PYTHONPATH=target/reedsolo python3 tests/vectors/codewords.py > tests/vectors/codewords.json

reedsolo: RSCodec(nsym, nsize, fcr), the pure Python version. libfec: init_rs_char(8, 0x11d, fcr, 1, nroots, pad),
encode_rs_char, decode_rs_char, where pad = 255 - n. Both compute every line, and the script stops where they differ.
Both may also answer with e errors beside s erasures where 2e + s is n - k + 1. Other errors, no more of them, then explain
the word as well, so such an answer is a guess: it counts as a refusal here.
The data is painted by one formula, so that it need not be stored:
  byte i of the code with number j = (7 i + 31 j + (i j mod 251)) mod 256
"""

import ctypes
import importlib.metadata
import json

import reedsolo

REEDSOLO = "reedsolo 1.7.0"
LIBFEC = "libfec 1.0-26-gc5d935f"
assert REEDSOLO.split()[1] == importlib.metadata.version("reedsolo")

fec = ctypes.CDLL("libfec.so.0")
fec.init_rs_char.restype = ctypes.c_void_p
fec.encode_rs_char.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
fec.decode_rs_char.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int), ctypes.c_int]

# n, k, fcr; whole codes and shortened ones.
CODES = [
    (255, 251, 0), (20, 16, 0),
    (255, 247, 1), (64, 56, 1),
    (204, 188, 0), (17, 1, 0),
    (255, 223, 0), (100, 68, 0),
    (255, 223, 120), (48, 16, 120),
]  # fmt: skip


class Rng:
    """splitmix64."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        z = self.state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return (z ^ (z >> 31)) % limit

    def choose(self, count, limit):
        left = list(range(limit))
        return [left.pop(self.below(len(left))) for _ in range(count)]


class Reedsolo:
    def __init__(self, n, k, fcr):
        self.codec = reedsolo.RSCodec(nsym=n - k, nsize=n, fcr=fcr)

    def encode(self, data):
        return bytes(self.codec.encode(data))

    def decode(self, word, erased):
        try:
            return bytes(self.codec.decode(word, erase_pos=erased)[1])
        except reedsolo.ReedSolomonError:
            return None


class Libfec:
    def __init__(self, n, k, fcr):
        self.n, self.k = n, k
        self.rs = fec.init_rs_char(8, 0x11D, fcr, 1, n - k, 255 - n)
        assert self.rs

    def encode(self, data):
        parity = ctypes.create_string_buffer(self.n - self.k)
        fec.encode_rs_char(self.rs, data, parity)
        return data + parity.raw

    def decode(self, word, erased):
        buffer = ctypes.create_string_buffer(word, self.n)
        positions = (ctypes.c_int * 255)(*erased)
        return None if fec.decode_rs_char(self.rs, buffer, positions, len(erased)) < 0 else buffer.raw


def mixes(n, parity):
    """Errors and erasures: none, one, up to the limit, and beyond it."""
    limit = [(parity // 2, 0), (0, parity), (parity // 4, parity - 2 * (parity // 4)), (1, parity - 2)]
    beyond = [(parity // 2 + 1, 0), (parity // 2, 1), (1, parity - 1)]
    return [mix for mix in [(0, 0), (0, 1), (1, 0), *limit, *beyond] if sum(mix) <= n]


def changes(a, b):
    """Where two words differ and by how much: [positions, magnitudes]."""
    places = [i for i in range(len(a)) if a[i] != b[i]]
    return [bytes(places).hex(), bytes(a[i] ^ b[i] for i in places).hex()]


def case(rng, decoders, codeword, errors, erasures):
    """One received word. One of several erased bytes is right by chance."""
    positions = rng.choose(errors + erasures, len(codeword))
    erased = positions[:erasures]
    received = bytearray(codeword)
    for count, position in enumerate(positions):
        received[position] ^= 0 if count == 0 and erasures > 1 else 1 + rng.below(255)
    received = bytes(received)
    decoded = [decoder.decode(received, erased) for decoder in decoders]
    assert decoded[0] == decoded[1], (len(codeword), errors, erasures, decoded)
    corrected = None if decoded[0] is None else changes(received, decoded[0])
    if corrected:
        errors_found = len(set(bytes.fromhex(corrected[0])) - set(erased))
        if 2 * errors_found + erasures > decoders[1].n - decoders[1].k:
            corrected = None
    return {"received": changes(codeword, received), "erased": bytes(erased).hex(), "corrected": corrected}


def code(index, n, k, fcr):
    """A code's codeword, and words that are near it."""
    rng = Rng(index)
    decoders = [Reedsolo(n, k, fcr), Libfec(n, k, fcr)]
    data = bytes((7 * i + 31 * index + i * index % 251) % 256 for i in range(k))
    codewords = [decoder.encode(data) for decoder in decoders]
    assert codewords[0] == codewords[1]
    cases = [case(rng, decoders, codewords[0], *mix) for mix in mixes(n, n - k)]
    return {"n": n, "k": k, "fcr": fcr, "parity": codewords[0][k:].hex()}, cases


print('{\n  "sources": ["%s", "%s"],\n  "codes": [' % (REEDSOLO, LIBFEC))
for index, shape in enumerate(CODES):
    head, cases = code(index, *shape)
    lines = ",\n        ".join(json.dumps(line) for line in cases)
    comma = "," if index + 1 < len(CODES) else ""
    print('    {%s,\n      "cases": [\n        %s\n      ]}%s' % (json.dumps(head)[1:-1], lines, comma))
print("  ]\n}")
