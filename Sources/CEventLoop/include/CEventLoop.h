#ifndef VENCEJO_CEVENTLOOP_H
#define VENCEJO_CEVENTLOOP_H

// The Linux headers that the Glibc module does not expose.
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#endif
