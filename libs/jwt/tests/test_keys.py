"""Keys and their names."""

import base64
import hashlib
import json
import secrets
import uuid

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libs.jwt import SharedSecret, SigningKey, TokenIssuer, TokenVerifier, check_secret

PKCS8 = serialization.PrivateFormat.PKCS8
PEM = serialization.Encoding.PEM
KEY = SigningKey.generate()
SECRET = "q3Wn8Zr5Tx1Vb7Ly0Pk4Mj9Hd2Gf6Sa-and-more"


def pem(key, password=None):
    hiding = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(PEM, PKCS8, hiding).decode()


def test_the_public_key_and_its_name_are_as_in_the_rfc():
    # RFC 8037, appendices A.1 to A.3.
    private = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    assert SigningKey(Ed25519PrivateKey.from_private_bytes(private)).jwk == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        "alg": "EdDSA",
        "use": "sig",
    }


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
def test_a_key_is_the_same_after_a_trip_through_pem(algorithm):
    key = SigningKey.generate(algorithm)
    again = SigningKey.from_pem(key.to_pem())
    assert again.jwk == key.jwk
    assert (again.kid, again.algorithm) == (key.kid, algorithm)


def test_a_curve_key_is_published_as_the_rfc_says():
    # RFC 7518 section 6.2: coordinates of 32 bytes each, also where they begin with zeros.
    for _ in range(20):
        jwk = SigningKey.generate("ES256").jwk
        assert (jwk["kty"], jwk["crv"], jwk["alg"]) == ("EC", "P-256", "ES256")
        assert len(jwk["x"]) == len(jwk["y"]) == 43


@pytest.mark.parametrize(
    "secret",
    [
        *(
            "",
            "short",
            "jwt_secret",
            "changeme" * 8,
            "a" * 64,
            "abcdefgh" * 8,
            "my-Secret-9f8e7d6c5b4a39281706f5e4d3",
        ),
        "this is an example of a text that is long enough, 1234567890",
        *("0123456789abcdef" * 2, "qwertyuiopasdfghjklzxcvbnm123456", "local-development-only-jwt-key-123"),
        *("abcdefghijklmnopqrstuvwxyz0123456789", "zyxwvutsrqponmlkjihgfedcba9876543210"),
        *(
            "correct-horse-battery!" * 2,
            "at-least-32-characters-of-your-own",
            "aabbccddeeffgghhiijjkkllmmnnoopp",
            *("12345678" * 4, "p4ssw0rd!" * 4, "hunter2-" * 4, "deadbeef-cafe" * 3, "1122334455667788" * 2),
            *("test" * 8, "0" * 31 + "1", "abc123xyz" * 4, "111122223333444455556666777788889999"),
        ),
    ],
)
def test_a_secret_that_is_short_or_that_everybody_knows_is_refused_without_quoting_it(secret):
    with pytest.raises(ValueError, match="openssl rand -base64 48") as caught:
        SharedSecret(secret)
    assert len(secret) < 10 or secret not in str(caught.value)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: secrets.token_urlsafe(32),
        lambda: secrets.token_urlsafe(48),
        lambda: secrets.token_hex(16),
        lambda: secrets.token_hex(32),
        lambda: secrets.token_hex(1000),
        lambda: base64.b64encode(secrets.token_bytes(48)).decode(),
        lambda: base64.b32encode(secrets.token_bytes(32)).decode(),
        lambda: str(uuid.uuid4()),
        lambda: str(uuid.uuid4()) + str(uuid.uuid4()),
    ],
    ids=["url", "long url", "short hex", "hex", "long hex", "base64", "base32", "uuid", "two uuids"],
)
def test_a_secret_that_was_drawn_is_taken(draw):
    for _ in range(1000):
        check_secret(draw())


def test_the_name_of_a_shared_secret_is_not_its_thumbprint():
    # RFC 7638 section 7: that of a secret helps who guesses it; and others may publish it as the name.
    secret = SharedSecret(SECRET)
    k = base64.urlsafe_b64encode(SECRET.encode()).rstrip(b"=").decode()
    canonical = json.dumps({"k": k, "kty": "oct"}, separators=(",", ":")).encode()
    thumbprint = base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()
    assert secret.kid != thumbprint


def test_a_shared_secret_signs_and_verifies_and_shows_itself_to_nobody():
    secret = SharedSecret(SECRET)
    token = TokenIssuer(secret, "http://auth.test").issue("ada", audience=["todos"])
    verifier = TokenVerifier(secret, issuer="http://auth.test", audience="todos")
    assert verifier.verify(token).subject == "ada"
    assert SECRET not in repr(secret)
    assert SharedSecret(SECRET).kid == secret.kid != SharedSecret(SECRET[::-1]).kid
    assert secret.find("another") is None


def test_no_command_takes_the_name_of_a_new_key_for_an_option():
    assert [kid for _ in range(1000) if (kid := SigningKey.generate().kid).startswith("-")] == []


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
        pem(ec.generate_private_key(ec.SECP384R1())),
        KEY.private.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode(),
    ],
    ids=["empty", "text", "junk", "encrypted", "another kind", "public"],
)
def test_anything_but_a_plain_private_key_is_refused_without_quoting_it(text):
    with pytest.raises(ValueError, match=r"^not an Ed25519 or P-256 private key in PEM form") as caught:
        SigningKey.from_pem(text)
    assert "hunter2" not in str(caught.value)
