// SPDX-License-Identifier: Apache-2.0
#pragma once
/* A server's key and self-signed certificate, for tests of TLS, made anew each time; the certificate lies in
 * a file, too. */
#include "base/base.h"
#include "base/buf.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <unistd.h>

struct tiny_identity {
	SSL_CTX *tls;
	char file[64]; /* PEM */
};

static inline X509 *tiny_certificate(EVP_PKEY *key, const char *address, long from_s, long until_s)
{
	AUTO(buf_done) struct buf name = BUF(256);
	X509 *cert = X509_new();

	buf_printf(&name, "IP:%s", address);
	X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, buf_text(&name));
	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), from_s);
	X509_gmtime_adj(X509_getm_notAfter(cert), until_s);
	X509_NAME_add_entry_by_txt(
	    X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)"tiny server", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_set_pubkey(cert, key);
	X509_add_ext(cert, names, -1);
	X509_EXTENSION_free(names);
	if (X509_sign(cert, key, EVP_sha256()) == 0)
		abort();
	return cert;
}

static inline void tiny_certificate_write(X509 *cert, struct tiny_identity *identity)
{
	str_copy(identity->file, sizeof identity->file, "/tmp/tiny_identity.XXXXXX");
	int fd = mkstemp(identity->file);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (!file || PEM_write_X509(file, cert) != 1 || fclose(file) != 0)
		abort();
}

/* Good from `from_s` until `until_s` from now, in seconds. */
static inline struct tiny_identity *tiny_identity_for(const char *address, long from_s, long until_s)
{
	struct tiny_identity *identity = mem_zalloc(sizeof *identity);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = tiny_certificate(key, address, from_s, until_s);

	signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
	identity->tls = SSL_CTX_new(TLS_server_method());
	if (SSL_CTX_use_certificate(identity->tls, cert) != 1 ||
	    SSL_CTX_use_PrivateKey(identity->tls, key) != 1)
		abort();
	tiny_certificate_write(cert, identity);
	X509_free(cert);
	EVP_PKEY_free(key);
	return identity;
}

static inline struct tiny_identity *tiny_identity_new(const char *address)
{
	return tiny_identity_for(address, -3600, 3600);
}

/* Accepts NULL. */
static inline void tiny_identity_free(struct tiny_identity *identity)
{
	if (!identity)
		return;
	unlink(identity->file);
	SSL_CTX_free(identity->tls);
	free(identity);
}
