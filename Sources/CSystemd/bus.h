// What Swift cannot import of sd-bus: variadic functions and macros.
#pragma once
#include <systemd/sd-bus.h>
