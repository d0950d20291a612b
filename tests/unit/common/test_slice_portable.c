// SPDX-License-Identifier: Apache-2.0
/* The same tests against the slicer without SSE2, as other processors build it: these copies win over the
 * library's. */
#define SLICE_PORTABLE
// NOLINTBEGIN(bugprone-suspicious-include): they are compiled here once more, on purpose
#include "../../../common/base/slice.c"
#include "../../../common/base/slice_scan.c"

#include "test_slice.c"
// NOLINTEND(bugprone-suspicious-include)
