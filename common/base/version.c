// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/version.h"

const char *version_text(void)
{
	return SYNCFLEET_VERSION;
}

const char *version_commit(void)
{
	return SYNCFLEET_COMMIT;
}
