// What a service needs of its manager, and eventfd, which Swift's Glibc module leaves out.
#pragma once
#include <sys/eventfd.h>
#include <systemd/sd-daemon.h>
