"""Keys and their names."""

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from libs.jwt import SigningKey
from libs.jwt.keys import public_jwk

PKCS8 = serialization.PrivateFormat.PKCS8
PEM = serialization.Encoding.PEM
KEY = SigningKey.generate()


def pem(key, password=None):
    hiding = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(PEM, PKCS8, hiding).decode()


def test_the_public_key_and_its_name_are_as_in_the_rfc():
    # RFC 8037, appendices A.2 and A.3.
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(x + "="))
    assert public_jwk(key) == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": x,
        "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        "alg": "EdDSA",
        "use": "sig",
    }


def test_a_key_is_the_same_after_a_trip_through_pem():
    again = SigningKey.from_pem(pem(KEY.private))
    assert again.jwk == KEY.jwk
    assert again.kid == KEY.kid


def test_new_keys_differ():
    assert SigningKey.generate().kid != SigningKey.generate().kid


def test_the_jwk_holds_nothing_private():
    assert set(KEY.jwk) == {"kty", "crv", "x", "kid", "alg", "use"}
    assert "private" not in repr(KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2",
        "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n",
        pem(KEY.private, password=b"hunter2"),
        pem(ec.generate_private_key(ec.SECP256R1())),
        KEY.private.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode(),
    ],
    ids=["empty", "text", "junk", "encrypted", "another kind", "public"],
)
def test_anything_but_a_plain_ed25519_private_key_is_refused_without_quoting_it(text):
    with pytest.raises(ValueError, match=r"^not an Ed25519 private key in PEM form") as caught:
        SigningKey.from_pem(text)
    assert "hunter2" not in str(caught.value)
