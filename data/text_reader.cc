#include "data/text_reader.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "data/text_file.h"
#include "data/unpacker.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/utf8.h"

namespace ingot::data {
namespace fs = std::filesystem;
using engine::require;

namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

}  // namespace

TextReader::TextReader(std::string_view text, std::size_t n_block_bytes)
    : whole_(text), n_block_bytes_(n_block_bytes), n_text_bytes_(text.size()) {
  if (n_block_bytes < text.size()) {
    open_ = [this] {
      return [this, rest = whole_]() mutable {
        const std::string_view block = rest.substr(0, n_block_bytes_);
        rest.remove_prefix(block.size());
        return block;
      };
    };
  }
  rewind();
}

TextReader::TextReader(const fs::path& file, std::uint64_t most_bytes)
    : path_(file), most_bytes_(most_bytes), n_block_bytes_(kBlockBytes) {
  open_ = [this] { return is_gzip_name(path_) ? packed_blocks() : plain_blocks(); };
  scan();
  rewind();
}

NextBlock TextReader::plain_blocks() {
  check_size(path_, most_bytes_);
  const auto file = std::make_shared<engine::FileReader>(path_);
  return [this, file, block = std::string()]() mutable {
    block.resize(kBlockBytes);
    block.resize(file->read(block));
    n_read_bytes_ += block.size();
    return std::string_view(block);
  };
}

NextBlock TextReader::packed_blocks() {
  const auto unpacker = std::make_shared<Unpacker>(open_gzip(path_, most_bytes_));
  return [this, unpacker] {
    const std::string_view block = unpacker->next();
    if (block.empty()) unpacker->finish();
    n_read_bytes_ = unpacker->position();
    return block;
  };
}

void TextReader::rewind() {
  buffer_.clear();
  window_ = {};
  is_begin_ = true;
  n_bytes_ = n_read_bytes_ = n_checked_ = n_checked_lines_ = 0;
  n_lines_ = n_unchecked_ = 0;
  is_last_ = open_ == nullptr;
  if (is_last_) {
    window_ = whole_;
  } else {
    next_ = open_();
  }
}

// Adds a block to the window, or as much as there is in it, so that a long row is looked at a few times only.
void TextReader::fill() {
  const std::size_t room = kMostRowBytes - std::min(kMostRowBytes, window_.size());
  const std::size_t wanted = std::max(n_block_bytes_, std::min(room, window_.size()));
  buffer_.erase(0, buffer_.size() - window_.size());
  std::size_t n_new = 0;
  while (n_new < wanted && !is_last_) {
    const std::string_view block = next_();
    buffer_ += block;
    n_new += block.size();
    is_last_ = block.empty();
  }
  n_bytes_ += n_new;
  n_unchecked_ += n_new;
  window_ = buffer_;
  if (!path_.empty() && n_bytes_ > most_bytes_) fail_limit(path_.string(), "have", most_bytes_);
}

void TextReader::begin() {
  is_begin_ = false;
  if (path_.empty()) return;
  check_kind(window_, path_.string());
  const std::size_t n_mark = window_.size() - engine::without_bom(window_).size();
  drop(n_mark);
  n_checked_ += n_mark;
  n_unchecked_ -= n_mark;
}

void TextReader::check() {
  if (is_begin_) begin();
  std::string_view fresh = window_.substr(window_.size() - n_unchecked_);
  if (!is_last_) fresh.remove_suffix(cut_character(fresh));
  const std::size_t invalid = engine::find_invalid_utf8(fresh);
  const auto n_lines = [&](std::size_t n) {
    return std::count(fresh.begin(), fresh.begin() + std::ptrdiff_t(n), '\n');
  };
  if (invalid != fresh.npos)
    engine::fail("{}: line {}: must be UTF-8, got byte 0x{:02x} at byte offset {} of the file", path_.string(),
                 n_checked_lines_ + 1 + static_cast<std::uint64_t>(n_lines(invalid)),
                 static_cast<unsigned char>(fresh[invalid]), n_checked_ + invalid);
  n_checked_ += fresh.size();
  n_checked_lines_ += static_cast<std::uint64_t>(n_lines(fresh.size()));
  if (ends_with_cr_) {
    const auto from = buffer_.end() - static_cast<std::ptrdiff_t>(n_unchecked_);
    std::replace(from, from + static_cast<std::ptrdiff_t>(fresh.size()), '\r', '\n');
  }
  n_unchecked_ -= fresh.size();
}

// A file that is damaged is not called wrong text too: what is wrong first is said once all of it could be unpacked.
void TextReader::scan() {
  rewind();
  std::optional<engine::Error> wrong;
  bool has_line_feed = false;
  std::uint64_t n_mark = 0;
  while (!is_last_) {
    const bool is_first = is_begin_;
    fill();
    try {
      if (!wrong) check();
    } catch (const engine::Error& error) {
      wrong = error;
    }
    if (wrong) n_unchecked_ = 0;
    if (is_first) n_mark = buffer_.size() - window_.size();
    has_line_feed |= window_.find('\n') != window_.npos;
    drop(window_.size() - n_unchecked_);
  }
  if (wrong) throw *wrong;
  ends_with_cr_ = !has_line_feed;
  n_text_bytes_ = n_bytes_ - n_mark;
}

void TextReader::extend(std::size_t line) {
  require(window_.size() < kMostRowBytes,
          "{}: line {}: a row must have at most {} MiB, got more; is a line end or a closing quote missing?",
          path_.string(), line, kMostRowBytes >> 20);
  fill();
  check();
}

bool TextReader::next_line(std::string_view& line) {
  std::size_t end = window_.find('\n');
  while (end == window_.npos && !is_last_) {
    const std::size_t looked_at = window_.size();
    extend(n_lines_ + 1);
    end = window_.find('\n', looked_at);
  }
  if (window_.empty()) return false;
  line = window_.substr(0, end);
  drop(std::min(line.size() + 1, window_.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  ++n_lines_;
  return true;
}

}  // namespace ingot::data
