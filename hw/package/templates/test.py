# SPDX-License-Identifier: @LICENCE@
"""cocotb test of @TOP@: sends vectors_in.hex, compares what comes out with vectors_out.hex.

`python3 test_@TOP@.py` (or `make cocotb`) builds and runs it in Icarus, or in the simulator that SIM names. For cocotb 1.8
and later; `pip install cocotb`.
"""
import os
import pathlib
import random
import sys

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = [@PYTHON_SOURCES@]
MOST_IDLE = @MOST_IDLE@


def words(name):
    return [int(line, 16) for line in (HERE / name).read_text().split()]


async def send(dut, beats, rng):
    for beat in beats:
        while rng.random() < 0.25:
            await RisingEdge(dut.clk)
        dut.data_in_0.value = beat
        dut.data_in_0_valid.value = 1
        await RisingEdge(dut.clk)
        while not int(dut.data_in_0_ready.value):
            await RisingEdge(dut.clk)
        dut.data_in_0_valid.value = 0


async def receive(dut, expected, rng):
    idle = 0
    for i, beat in enumerate(expected):
        while True:
            dut.data_out_0_ready.value = int(rng.random() < 0.75)
            await RisingEdge(dut.clk)
            if int(dut.data_out_0_valid.value) and int(dut.data_out_0_ready.value):
                break
            idle += 1
            assert idle < 4 * MOST_IDLE, f"beat {i}: got none, expected {beat:x}"
        idle = 0
        got = int(dut.data_out_0.value)
        assert got == beat, f"beat {i}: got {got:x}, expected {beat:x}"
    dut.data_out_0_ready.value = 1
    for _ in range(64):
        await RisingEdge(dut.clk)
        assert not int(dut.data_out_0_valid.value), "got more beats than expected"


@cocotb.test()
async def gives_the_expected_beats(dut):
    rng = random.Random(1)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    dut.data_in_0.value = 0
    dut.data_in_0_valid.value = 0
    dut.data_out_0_ready.value = 0
    for _ in range(4):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    cocotb.start_soon(send(dut, words("vectors_in.hex"), rng))
    await receive(dut, words("vectors_out.hex"), rng)


def main():
    try:
        from cocotb_tools.runner import get_results, get_runner  # cocotb 2
    except ImportError:
        from cocotb.runner import get_results, get_runner  # cocotb 1
    build = HERE / "build" / "cocotb"
    runner = get_runner(os.environ.get("SIM", "icarus"))
    sources = [HERE / source for source in SOURCES]
    arguments = {"verilog_sources": sources} if "cocotb.runner" in sys.modules else {"sources": sources}
    runner.build(hdl_toplevel="@SIMULATED@", build_dir=build, always=True, timescale=("1ns", "1ps"), **arguments)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    results = runner.test(hdl_toplevel="@SIMULATED@", test_module="test_@TOP@", build_dir=build, test_dir=build)
    tests, failed = get_results(results)
    sys.exit(1 if failed or not tests else 0)


if __name__ == "__main__":
    main()
