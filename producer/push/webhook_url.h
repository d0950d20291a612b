// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Whether a URL may be a webhook's. What a name leads to is seen when it is called (io/http_address.h); here
 * its owner is told at once what can never work.
 */
#include "base/base.h"

/* `plain_loopback`: also http://, and this machine. NULL, or what is wrong with it. */
const char *webhook_url_fault(struct str url, bool plain_loopback);
