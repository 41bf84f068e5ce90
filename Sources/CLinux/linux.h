// What Glibc's module leaves out of the kernel's interface.
#pragma once
#include <sys/timex.h>
