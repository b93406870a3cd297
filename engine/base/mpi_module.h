// What libingot_mpi.so gives to the program, which loads it only when mpirun started it: starting without MPI costs
// nothing, and a system without MPI runs the program too.
#pragma once

#include <cstddef>

namespace ingot::engine {

struct MpiModule {
  int (*rank)();
  int (*size)();
  // False: stop() said so before the message was through.
  bool (*send)(int to, const void* data, std::size_t n_bytes, bool (*stop)());
  bool (*receive)(int from, void* data, std::size_t n_bytes, bool (*stop)());
  void (*end)();  // returns when all ranks are here
};

}  // namespace ingot::engine
