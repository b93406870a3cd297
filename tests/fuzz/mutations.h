// Changes of inputs: of any bytes, and of syntax, so that readers get beyond their first check.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/base/rng.h"

namespace ingot::fuzz {

using engine::Rng;

// Some bytes changed, removed, repeated, or replaced by pieces.
std::string mutated_bytes(std::string bytes, Rng& rng, std::span<const std::string_view> pieces = {});

// Some values of a JSON text changed, removed, repeated, exchanged, nested, or of another type; of other texts bytes.
std::string mutated_json(std::string text, Rng& rng);

// The same in some of the lines, of which some are removed, repeated or exchanged.
std::string mutated_json_lines(std::string text, Rng& rng);

// Lines removed, repeated, exchanged, or with bytes changed.
std::string mutated_lines(std::string text, Rng& rng, std::span<const std::string_view> pieces = {});

// A safetensors file: its JSON header changed under the right length, or its data.
std::string mutated_safetensors(std::string bytes, Rng& rng);

// A pickle, its opcodes exchanged, repeated, removed, or with other arguments.
std::string mutated_pickle(std::string bytes, Rng& rng);

}  // namespace ingot::fuzz
