"""Hashes, trees and signatures of Muhr [2, 3, 5]; the numbers in brackets are sections of docs/protocol.md."""
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from formats import *


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_hash(text):
    return sha256(b"\0", text.encode())


def root_of(leaf, index, size, path):
    """RFC 6962: the root to which the path of a leaf leads."""
    require(0 <= index < size and (size > 1) == bool(path), "a path that does not fit the tree")
    if size == 1:
        return leaf
    left = 1 << (size - 1).bit_length() - 1
    if index < left:
        return sha256(b"\1", root_of(leaf, index, left, path[:-1]), path[-1])
    return sha256(b"\1", path[-1], root_of(leaf, index - left, size - left, path[:-1]))


def consistent(old, old_root, new, new_root, path):
    """RFC 6962: whether the log of new leaves begins with the log of old leaves."""
    if old in (0, new):
        return not path and old <= new and old_root == (new_root if old else sha256())
    if old > new or not path:
        return False
    first, *rest = [old_root, *path] if old & (old - 1) == 0 else path
    return prefix_roots(old, new, [first, *rest]) == (old_root, new_root)


def prefix_roots(old, new, path):
    """The roots of the first old and of all new leaves, to which a path leads; its first node is always written out."""
    if not 0 < old < new:
        return None
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first, second, *rest = [path[0], *path]
    for node in rest:
        if not last:
            return None
        if at & 1 or at == last:
            first, second = sha256(b"\1", node, first), sha256(b"\1", node, second)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            second = sha256(b"\1", second, node)
        at, last = at >> 1, last >> 1
    return None if last else (first, second)


def index_key(kind, *parts):
    return sha256(b"muhr-index/v1\0", kind.encode(), *(b"\0" + part for part in parts))


def in_index(root, key, value, proof):
    """Whether the index holds value (None: nothing) under key."""
    proof = read(INDEX_PROOF, proof)
    siblings, found = hashes(proof["siblings"]), proof["found"].split(" ")
    bits = [key[depth >> 3] >> (7 - (depth & 7)) & 1 for depth in range(256)]
    require((found[0] == "present") == (value is not None), "the index proof shows another thing")
    if value is not None:
        node = sha256(b"JMT::LeafNode", key, sha256(value.encode()))
    elif found[0] == "empty":
        node = b"SPARSE_MERKLE_PLACEHOLDER_HASH__"
    else:
        other, other_value = unbase64(found[1]), unbase64(found[2])
        shared = all(other[depth >> 3] >> (7 - (depth & 7)) & 1 == bits[depth] for depth in range(len(siblings)))
        require(shared and other != key, "the index proof is of another way")
        node = sha256(b"JMT::LeafNode", other, other_value)
    for depth in reversed(range(len(siblings))):
        pair = (siblings[depth], node) if bits[depth] else (node, siblings[depth])
        node = sha256(b"JMT::IntrnalNode", *pair)
    require(node == unbase64(root), "the index proof leads to another root")


L = 2**252 + 27742317777372353535851937790883648493  # the order of the base point


def small_order(encoded):
    """Order 1, 2, 4 or 8. OpenSSL lets such points pass, and under them anyone can sign anything."""
    y = int.from_bytes(encoded, "little") % 2**255
    return y * (y * y - 1) * (D * y**4 + 2 * y * y - 1) % P == 0


def signed(key, message, signature, whose):
    strict = not small_order(key) and not small_order(signature[:32]) and int.from_bytes(signature[32:], "little") < L
    require(strict and len(signature) == 64, f"the signature of {whose}")
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        raise Failed(14, f"the signature of {whose}", None) from None
