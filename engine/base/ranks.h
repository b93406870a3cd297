// The processes of one run, ranks 0 to size() - 1, and messages between them.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ingot::engine {

using Bytes = std::vector<std::byte>;

class Ranks {
 public:
  virtual ~Ranks() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // Messages from one rank to another arrive in the order in which they were sent. Both return when the memory may be
  // changed, and throw Interrupted when the process is asked to stop meanwhile (engine/base/process.h).
  virtual void send(int to, std::span<const std::byte> message) = 0;
  virtual void receive(int from, std::span<std::byte> message) = 0;  // of exactly that size
  // Sends to[r] to each other rank r and receives from[r] from it, of any sizes, all at once. All ranks call it. What
  // is in `from` before is written over: memory that is given again is used again.
  virtual void exchange(std::span<const std::span<const std::byte>> to, std::vector<Bytes>& from) = 0;

  bool is_first() const { return rank() == 0; }
};

// Those of this process: it is alone, unless mpirun, or srun with PMIx, started it with others. Throws Error if one did
// and this build has no MPI, or MPI another number of ranks.
Ranks& ranks();
void set_ranks(std::unique_ptr<Ranks> own);  // for tests: those of this process from now on; null: alone
// Those of this process, which works alone from now on.
std::unique_ptr<Ranks> leave_ranks();

std::string launcher();  // mpirun or srun, if this process was started by one
// Throws Error if srun started this process with others that MPI knows nothing of.
void require_no_strangers();
// The number of this process among those it was started with, as its launcher says it. Null: it has none.
const char* name_of_rank();

// Ends the work of all ranks: waits until all of them are here. Nothing in a process that is alone.
void end_ranks();

// A text from rank 0 to all others, which return it.
std::string from_first(Ranks& ranks, std::string text);
void from_first(Ranks& ranks, std::span<std::byte> values);  // the same for values of a known size
// The texts of all ranks, in their order, on rank 0; none on the others.
std::vector<std::string> to_first(Ranks& ranks, const std::string& text);

// Thrown by a rank but the first when what the ranks do together is done.
struct Ended {};

}  // namespace ingot::engine
