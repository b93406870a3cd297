// What libingot_mpi.so gives to the program, which loads it only when mpirun or srun started it: starting without MPI
// costs nothing, and a system without MPI runs the program too.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ingot::engine {

struct MpiModule {
  int (*rank)();
  int (*size)();
  // False: stop() said so before the message was through.
  bool (*send)(int to, const void* data, std::size_t n_bytes, bool (*stop)());
  bool (*receive)(int from, void* data, std::size_t n_bytes, bool (*stop)());
  // to[r] and from[r] of all ranks, as Ranks::exchange has them.
  bool (*exchange)(const std::span<const std::byte>* to, std::vector<std::byte>* from, bool (*stop)());
  void (*end)();  // returns when all ranks are here
};

// What the module exports: a function that returns a const MpiModule*. The name changes with MpiModule, so that a
// program never calls a module that was built for another one.
inline constexpr const char* kMpiModuleFunction = "ingot_mpi_module_2";

}  // namespace ingot::engine
