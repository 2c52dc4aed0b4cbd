/* web - the readers' pages: a list with its form, confirm, unsubscribe, this mail in the browser. GET changes nothing (mail scanners
 * follow links); a button's POST does. */
#ifndef WEB_WEB_H
#define WEB_WEB_H
#include "daemon/daemon.h"

struct web;
MUST_CHECK int web_start(struct daemon *daemon, struct web **out, struct error *err);
void web_stop(struct web **web);
#endif
