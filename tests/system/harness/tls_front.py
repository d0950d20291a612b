# SPDX-License-Identifier: Apache-2.0
"""Speaks TLS before a server that does not, with a certificate of its own for 127.0.0.1."""
import datetime
import ipaddress
import selectors
import socket
import ssl
import threading
from contextlib import suppress

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

HOUR = datetime.timedelta(hours=1)


class TlsFront:
    """with TlsFront(address, folder) as front: `url` is the server's by TLS, `ca_file` what trusts it."""

    def __init__(self, address, folder):
        host, port = address.rsplit(":", 1)
        self.target = (host, int(port))
        self.ca_file, self.key_file = folder / "front.pem", folder / "front.key"
        self._certify()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.ca_file, self.key_file)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}"
        self.connections = 0

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _certify(self):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")])
        now = datetime.datetime.now(datetime.timezone.utc)
        certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                       .serial_number(x509.random_serial_number()).not_valid_before(now - HOUR).not_valid_after(now + HOUR)
                       .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
                       .sign(key, hashes.SHA256()))
        self.ca_file.write_bytes(certificate.public_bytes(Encoding.PEM))
        self.key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def _accept(self):
        with suppress(OSError):  # closed
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        self.connections += 1
        with suppress(OSError), self.context.wrap_socket(client, server_side=True) as near, socket.create_connection(self.target) as far:
            _pass_on(near, far)


def _pass_on(near, far):
    """Until one of them ends; by one thread, since OpenSSL does not allow two."""
    with selectors.DefaultSelector() as selector:
        selector.register(near, selectors.EVENT_READ, far)
        selector.register(far, selectors.EVENT_READ, near)
        while True:
            for key, _ in selector.select():
                if not _pass_on_once(key.fileobj, key.data):
                    return


def _pass_on_once(source, target):
    data = source.recv(65536)
    while isinstance(source, ssl.SSLSocket) and source.pending():  # decrypted already: no selector tells of it
        data += source.recv(65536)
    target.sendall(data)
    return bool(data)
