// A page over HTTP, for browsers of this machine alone.
#pragma once

#include <functional>
#include <string>

namespace ingot::cli {

// Serves page() at http://127.0.0.1:PORT/ until the user interrupts (engine::interrupted(), which must be caught).
// `port`: the first that is tried; where it is taken the next ones are. `started` is called with the one that serves.
//
// Only GET / is answered with the page, made anew each time; all else is 404. A request under a host name other than
// 127.0.0.1 or localhost is refused with 403: pages of strangers could otherwise read ours through a name that leads
// here (DNS rebinding). Where page() throws an Error or a Failure, its sentence is served with 500. Throws Failure if
// no port is free.
void serve_page(int port, const std::function<std::string()>& page, const std::function<void(int port)>& started);

}  // namespace ingot::cli
