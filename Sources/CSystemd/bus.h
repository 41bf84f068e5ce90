// What Swift cannot import of sd-bus: the macro SD_BUS_ERROR_NULL. The variadic calls are not used: messages are
// written and read item by item (sd_bus_message_append_basic and its like).
#pragma once
#include <systemd/sd-bus.h>

static inline sd_bus_error sd_bus_error_null(void) {
    return SD_BUS_ERROR_NULL;
}
