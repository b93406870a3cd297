#include "bert/checkpoints/pickle_opcodes.h"

#include <algorithm>
#include <iterator>

namespace ingot::bert {
namespace {

struct Opcode {
  unsigned char code;
  std::string_view name;
};
constexpr Opcode kOpcodes[] = {
    {0x80, "PROTO"},
    {0x95, "FRAME"},
    {'N', "NONE"},
    {0x88, "NEWTRUE"},
    {0x89, "NEWFALSE"},
    {'K', "BININT1"},
    {'M', "BININT2"},
    {'J', "BININT"},
    {0x8a, "LONG1"},
    {0x8c, "SHORT_BINUNICODE"},
    {'X', "BINUNICODE"},
    {0x8d, "BINUNICODE8"},
    {'(', "MARK"},
    {')', "EMPTY_TUPLE"},
    {0x85, "TUPLE1"},
    {0x86, "TUPLE2"},
    {0x87, "TUPLE3"},
    {'t', "TUPLE"},
    {'}', "EMPTY_DICT"},
    {'s', "SETITEM"},
    {'u', "SETITEMS"},
    {'q', "BINPUT"},
    {'r', "LONG_BINPUT"},
    {0x94, "MEMOIZE"},
    {'h', "BINGET"},
    {'j', "LONG_BINGET"},
    {'c', "GLOBAL"},
    {0x93, "STACK_GLOBAL"},
    {'Q', "BINPERSID"},
    {'R', "REDUCE"},
    {'b', "BUILD"},
    {'.', "STOP"},
    {'0', "POP"},
    {'1', "POP_MARK"},
    {'2', "DUP"},
    {'F', "FLOAT"},
    {'G', "BINFLOAT"},
    {'I', "INT"},
    {'L', "LONG"},
    {'P', "PERSID"},
    {'S', "STRING"},
    {'T', "BINSTRING"},
    {'U', "SHORT_BINSTRING"},
    {'V', "UNICODE"},
    {']', "EMPTY_LIST"},
    {'a', "APPEND"},
    {'d', "DICT"},
    {'e', "APPENDS"},
    {'g', "GET"},
    {'i', "INST"},
    {'l', "LIST"},
    {'o', "OBJ"},
    {'p', "PUT"},
    {'B', "BINBYTES"},
    {'C', "SHORT_BINBYTES"},
    {0x81, "NEWOBJ"},
    {0x82, "EXT1"},
    {0x83, "EXT2"},
    {0x84, "EXT4"},
    {0x8b, "LONG4"},
    {0x8e, "BINBYTES8"},
    {0x8f, "EMPTY_SET"},
    {0x90, "ADDITEMS"},
    {0x91, "FROZENSET"},
    {0x92, "NEWOBJ_EX"},
    {0x96, "BYTEARRAY8"},
    {0x97, "NEXT_BUFFER"},
    {0x98, "READONLY_BUFFER"},
};

}  // namespace

std::string_view pickle_opcode_name(unsigned char code) {
  const auto* const row =
      std::find_if(std::begin(kOpcodes), std::end(kOpcodes), [&](const Opcode& opcode) { return opcode.code == code; });
  return row == std::end(kOpcodes) ? "unknown" : row->name;
}

}  // namespace ingot::bert
