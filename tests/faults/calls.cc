// The kernel stops the program at each call that may be broken and asks this process what to do (seccomp_unotify(2)).
// So every call is met, from whichever library or thread, and in the processes that the program starts.
#include "tests/faults/calls.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

namespace ingot::test {

namespace {

using Clock = std::chrono::steady_clock;

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::string link_of(const std::string& link) {
  char target[4096];
  const ssize_t n = ::readlink(link.c_str(), target, sizeof target);
  return n < 0 ? "" : std::string(target, static_cast<std::size_t>(n));
}

void send_descriptor(int socket, int descriptor) {
  char byte = 0, control[CMSG_SPACE(sizeof(int))] = {};
  iovec data{&byte, 1};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  ::sendmsg(socket, &message, 0);
}

int received_descriptor(int socket) {
  char byte = 0, control[CMSG_SPACE(sizeof(int))] = {};
  iovec data{&byte, 1};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  int descriptor = -1;
  if (::recvmsg(socket, &message, MSG_CMSG_CLOEXEC) > 0 && CMSG_FIRSTHDR(&message) != nullptr)
    std::memcpy(&descriptor, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof descriptor);
  return descriptor;
}

int listen_to_calls() {
  std::vector<int> numbers{SYS_fcntl};
  for (const CallFamily& family : call_families())
    numbers.insert(numbers.end(), family.calls.begin(), family.calls.end());
  std::vector<sock_filter> filter{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto to_notify = static_cast<unsigned char>(numbers.size() - i);
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(numbers[i]), to_notify, 0));
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                    SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
                                    &program));
}

[[noreturn]] void become(const Program& program, int socket) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::personality(ADDR_NO_RANDOMIZE);
  const std::vector<char*> words = pointers_to(program.words), environment = pointers_to(program.environment);
  if (::chdir(program.folder.c_str()) != 0) ::_exit(126);
  ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
  ::dup2(::open(program.out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), STDOUT_FILENO);
  ::dup2(::open(program.error.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), STDERR_FILENO);
  const int listener = listen_to_calls();
  if (listener < 0) ::_exit(125);
  send_descriptor(socket, listener);
  ::close(listener);
  ::close(socket);
  ::execvpe(words[0], words.data(), environment.data());
  ::_exit(127);
}

// What watches one run.
class Supervisor {
 public:
  Supervisor(const Program& program, const CallFault& fault, bool keeps_calls)
      : program_(program), fault_(fault), keeps_calls_(keeps_calls), counts_(call_families().size(), 0) {
    int sockets[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) throw std::runtime_error("no sockets");
    child_ = ::fork();
    if (child_ == 0) become(program, sockets[1]);
    ::close(sockets[1]);
    listener_ = received_descriptor(sockets[0]);
    ::close(sockets[0]);
    child_file_ = static_cast<int>(::syscall(SYS_pidfd_open, child_, 0));
  }
  ~Supervisor() {
    ::close(listener_);
    ::close(child_file_);
  }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  Ended watch(const Shot& shot) {
    const auto start = Clock::now();
    const auto age = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
    bool is_shot = shot.signal == 0, is_stopped = false;
    while (!has_ended_) {
      if (!is_shot && age() >= shot.seconds) {
        is_shot = ended_.is_injected = true;
        is_stopped = shot.signal == SIGSTOP;
        shoot(shot.signal);
      }
      if (is_stopped && age() >= shot.seconds + 0.02) {
        is_stopped = false;
        shoot(SIGCONT);
      }
      if (age() > program_.limit) {
        ended_.is_hung = true;
        ::kill(-child_, SIGKILL);
      }
      serve(!is_shot || is_stopped ? 1 : 100);
    }
    ended_.seconds = age();
    end_the_rest();
    return std::move(ended_);
  }

 private:
  struct Thread {
    pid_t process = 0;
  };

  // mpirun hands a signal on to its ranks itself, and only to one that is alive it can be sent.
  void shoot(int signal) { ::kill(signal == SIGSTOP || signal == SIGCONT ? -child_ : child_, signal); }

  void serve(int milliseconds) {
    pollfd files[2] = {{listener_, POLLIN, 0}, {child_file_, POLLIN, 0}};
    if (::poll(files, 2, milliseconds) <= 0) return;
    if ((files[0].revents & POLLIN) != 0) answer_next();
    if ((files[1].revents & POLLIN) != 0 && (files[0].revents & POLLIN) == 0) take_status();
  }

  void take_status() {
    int status = 0;
    if (::waitpid(child_, &status, WNOHANG) != child_) return;
    has_ended_ = true;
    ended_.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    ended_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

  // Processes that it started are to end with it.
  void end_the_rest() {
    const auto start = Clock::now();
    while (Clock::now() - start < std::chrono::seconds(3)) {
      pollfd file{listener_, POLLIN, 0};
      if (::poll(&file, 1, 20) > 0 && (file.revents & POLLIN) != 0) answer_next();
      if ((file.revents & POLLHUP) != 0) return;
    }
    ended_.leaves_processes = true;
    ::kill(-child_, SIGKILL);
  }

  void answer_next() {
    seccomp_notif notice{};
    if (::ioctl(listener_, SECCOMP_IOCTL_NOTIF_RECV, &notice) != 0) return;
    seccomp_notif_resp response{};
    response.id = notice.id;
    response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    const auto tid = static_cast<pid_t>(notice.pid);
    if (link_of(fmt::format("/proc/{}/exe", tid)) == program_.counted) meet(notice, tid, response);
    ::ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &response);
  }

  void meet(const seccomp_notif& notice, pid_t tid, seccomp_notif_resp& response) {
    const pid_t process = process_of(tid);
    const int number = notice.data.nr;
    // main() begins by asking for the state of its standard input; before that the system's loader is at work.
    if (number == SYS_fcntl && notice.data.args[0] == STDIN_FILENO && notice.data.args[1] == F_GETFD)
      has_begun_[process] = true;
    if (!has_begun_[process]) return;
    if (number == SYS_fcntl && !is_lock(notice.data.args[1])) return;
    const std::span<const CallFamily> families = call_families();
    for (std::size_t f = 0; f < families.size(); ++f) {
      const std::vector<int>& calls = families[f].calls;
      if (std::find(calls.begin(), calls.end(), number) == calls.end()) continue;
      // A disk that is full takes no words from a terminal.
      if (fault_.breaks == Break::error_from_then_on && families[f].is_transfer && notice.data.args[0] <= STDERR_FILENO)
        return;
      ++counts_[f];
      if (keeps_calls_) ended_.calls.push_back({static_cast<int>(f), description(families[f], notice, tid)});
      if (fault_.breaks == Break::nothing || static_cast<int>(f) != fault_.family) return;
      const bool is_it = counts_[f] == fault_.number;
      if (!is_it && (fault_.breaks != Break::error_from_then_on || counts_[f] < fault_.number)) return;
      if (is_it) ended_.where = description(families[f], notice, tid);
      break_call(notice, process, response);
      return;
    }
  }

  static bool is_lock(std::uint64_t command) { return command == F_OFD_SETLK || command == F_OFD_SETLKW; }

  void break_call(const seccomp_notif& notice, pid_t process, seccomp_notif_resp& response) {
    ended_.is_injected = true;
    if (fault_.breaks == Break::kill) {
      ::kill(process, SIGKILL);
      return;
    }
    if (fault_.breaks == Break::part) {
      const ssize_t n = do_part(notice, process);
      ended_.is_injected = n > 0;
      if (n <= 0) return;
      response.flags = 0;
      response.val = n;
      return;
    }
    response.flags = 0;
    response.error = -fault_.error;
  }

  // Moves half of the bytes in the place of the process. -1 where that cannot be.
  ssize_t do_part(const seccomp_notif& notice, pid_t process) {
    const int number = notice.data.nr;
    const std::size_t n_bytes = notice.data.args[2] / 2;
    if (n_bytes == 0 || (number != SYS_read && number != SYS_write && number != SYS_pread64 && number != SYS_pwrite64))
      return -1;
    const int process_file = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
    const int file = static_cast<int>(::syscall(SYS_pidfd_getfd, process_file, notice.data.args[0], 0));
    std::vector<char> bytes(n_bytes);
    iovec here{bytes.data(), n_bytes}, there{reinterpret_cast<void*>(notice.data.args[1]), n_bytes};
    const auto at = static_cast<off_t>(notice.data.args[3]);
    ssize_t n = -1;
    if (number == SYS_read || number == SYS_pread64) {
      n = number == SYS_read ? ::read(file, bytes.data(), n_bytes) : ::pread(file, bytes.data(), n_bytes, at);
      if (n > 0) ::process_vm_writev(process, &here, 1, &there, 1, 0);
    } else if (::process_vm_readv(process, &here, 1, &there, 1, 0) == static_cast<ssize_t>(n_bytes)) {
      n = number == SYS_write ? ::write(file, bytes.data(), n_bytes) : ::pwrite(file, bytes.data(), n_bytes, at);
    }
    ::close(file);
    ::close(process_file);
    return n;
  }

  std::string description(const CallFamily& family, const seccomp_notif& notice, pid_t tid) const {
    std::string about;
    const int number = notice.data.nr;
    const auto& args = notice.data.args;
    if (number == SYS_mmap) {
      about = (args[3] & 0x20) != 0 ? "anonymous" : link_of(fmt::format("/proc/{}/fd/{}", tid, args[4]));
    } else if (family.is_transfer || number == SYS_fsync || number == SYS_fdatasync || number == SYS_ftruncate ||
               number == SYS_fcntl || number == SYS_getdents64) {
      about = link_of(fmt::format("/proc/{}/fd/{}", tid, args[0]));
      if (args[0] == STDERR_FILENO) about = "standard error";
      if (args[0] == STDOUT_FILENO) about = "standard output";
    } else if (number == SYS_open || number == SYS_rename || number == SYS_mkdir || number == SYS_unlink ||
               number == SYS_rmdir || number == SYS_creat) {
      about = text_at(tid, args[0]);
    } else if (number != SYS_clone && number != SYS_clone3 && number != SYS_vfork && number != SYS_pipe2) {
      about = text_at(tid, args[1]);
    }
    if (about.starts_with(program_.folder + "/")) about.erase(0, program_.folder.size() + 1);
    return fmt::format("{} {}", family.name, about);
  }

  static std::string text_at(pid_t tid, std::uint64_t address) {
    char text[257] = {};
    iovec here{text, 256}, there{reinterpret_cast<void*>(address), 256};
    if (::process_vm_readv(tid, &here, 1, &there, 1, 0) < 0) {
      // The text may end just before memory that is not there.
      here.iov_len = there.iov_len = 4096 - address % 4096 < 256 ? 4096 - address % 4096 : 256;
      ::process_vm_readv(tid, &here, 1, &there, 1, 0);
    }
    return text;
  }

  pid_t process_of(pid_t tid) {
    Thread& thread = threads_[tid];
    if (thread.process != 0) return thread.process;
    char text[2048] = {};
    const int file = ::open(fmt::format("/proc/{}/status", tid).c_str(), O_RDONLY | O_CLOEXEC);
    const ssize_t n = ::read(file, text, sizeof text - 1);
    ::close(file);
    const char* line = n > 0 ? std::strstr(text, "Tgid:") : nullptr;
    thread.process = line == nullptr ? tid : std::atoi(line + 5);
    return thread.process;
  }

  const Program& program_;
  CallFault fault_;
  bool keeps_calls_;
  std::vector<long> counts_;
  std::map<pid_t, Thread> threads_;
  std::map<pid_t, bool> has_begun_;  // by process
  pid_t child_ = -1;
  int listener_ = -1, child_file_ = -1;
  bool has_ended_ = false;
  Ended ended_;
};

}  // namespace

std::span<const CallFamily> call_families() {
  static const std::vector<CallFamily> families = {
      {"open", {SYS_open, SYS_openat, SYS_creat}, {EMFILE, EACCES, EIO, ENOSPC, EINTR}, false, true},
      {"write", {SYS_write, SYS_pwrite64, SYS_writev}, {ENOSPC, EIO, EINTR}, true, true},
      {"read", {SYS_read, SYS_pread64, SYS_readv}, {EIO, EINTR}, true, false},
      {"list", {SYS_getdents64}, {EIO}, false, false},
      {"rename", {SYS_rename, SYS_renameat, SYS_renameat2}, {ENOSPC, EACCES, EIO}, false, true},
      {"sync", {SYS_fsync, SYS_fdatasync}, {EIO, ENOSPC}, false, true},
      {"mkdir", {SYS_mkdir, SYS_mkdirat}, {ENOSPC, EACCES}, false, true},
      {"unlink", {SYS_unlink, SYS_unlinkat, SYS_rmdir}, {EACCES, EIO}, false, true},
      {"truncate", {SYS_ftruncate}, {EIO, ENOSPC}, false, true},
      {"map", {SYS_mmap}, {ENOMEM}, false, false},
      {"lock", {SYS_fcntl}, {ENOLCK, EINTR}, false, false},
      {"start", {SYS_clone, SYS_clone3, SYS_vfork}, {EAGAIN}, false, false},
      {"pipe", {SYS_pipe2}, {EMFILE}, false, false},
      {"look", {SYS_newfstatat, SYS_stat, SYS_lstat, SYS_statx}, {EIO, EACCES}, false, false},
  };
  return families;
}

Ended run_supervised(const Program& program, const CallFault& fault, bool keeps_calls, const Shot& shot) {
  return Supervisor(program, fault, keeps_calls).watch(shot);
}

}  // namespace ingot::test
