// sd-journal, and the eventfd that ends a wait for it; what Swift cannot import is bridged here.
#pragma once
#include <sys/eventfd.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>
