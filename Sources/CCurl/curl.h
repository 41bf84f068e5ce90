// What Swift cannot import of libcurl: variadic functions.
#pragma once
#include <curl/curl.h>
