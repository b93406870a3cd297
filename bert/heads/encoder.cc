// No head: the encoder, with a pooler or without, from which others start.
#include "bert/head.h"

namespace ingot::bert {
namespace {

constexpr const char* kArchitectures[] = {"BertModel"};

}  // namespace

constinit const Head kEncoder{.architectures = kArchitectures, .pooler = PoolerUse::optional, .is_bare = true};

}  // namespace ingot::bert
