/* SPDX-License-Identifier: MIT */
#include <linux/sync_file.h>
