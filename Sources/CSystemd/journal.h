// What Swift cannot import of sd-journal: variadic functions and macros.
#pragma once
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>
