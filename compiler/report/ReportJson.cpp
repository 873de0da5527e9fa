// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes a report as JSON, field by field in the order of schemas/report.schema.json.
#include "compiler/report/Report.h"
#include "llvm/Support/JSON.h"
#include <cmath>

using namespace thimble::report;
using llvm::json::OStream;

static void writeOptional(OStream &json, llvm::StringRef key, std::optional<uint64_t> value) {
  if (value)
    json.attribute(key, int64_t(*value));
  else
    json.attribute(key, nullptr);
}

static void writePorts(OStream &json, llvm::StringRef key, const std::vector<PortUse> &ports) {
  json.attributeArray(key, [&] {
    for (const PortUse &port : ports)
      json.object([&] {
        json.attribute("name", llvm::json::fixUTF8(port.name));
        json.attribute("type", port.type);
        json.attributeArray("shape", [&] {
          for (int64_t size : port.shape)
            json.value(size);
        });
        json.attribute("bytes", int64_t(port.bytes));
        // Plain numbers have no scale.
        if (port.scale == 0)
          json.attribute("scale", nullptr);
        else
          json.attribute("scale", port.scale);
        json.attribute("zero_point", port.zeroPoint);
        if (port.frames)
          json.attributeObject("frames", [&] {
            json.attribute("axis", port.frames->axis);
            json.attribute("per_run", port.shape[size_t(port.frames->axis)]);
            json.attribute("window", port.frames->length);
            json.attribute("delay", port.frames->delay);
          });
        if (port.bound)
          json.attributeObject("bound", [&] {
            json.attribute("dimension", port.bound->first);
            json.attribute("size_output", port.bound->second);
          });
      });
  });
}

static void writeLayers(OStream &json, const Report &report) {
  json.attributeArray("layers", [&] {
    for (const LayerUse &layer : report.layers)
      json.object([&] {
        json.attribute("name", llvm::json::fixUTF8(layer.name));
        json.attribute("op", layer.op);
        json.attribute("kernel", layer.kernel);
        json.attribute("macs", int64_t(layer.macs));
        json.attribute("weight_bytes", int64_t(layer.weightBytes));
        json.attributeArray("weights_in", [&] {
          for (const std::string &place : layer.weightsIn)
            json.value(place);
        });
        json.attribute("ram_bytes", int64_t(layer.ramBytes));
      });
  });
}

static void writeStates(OStream &json, const Report &report) {
  json.attributeArray("states", [&] {
    for (const StateUse &state : report.states)
      json.object([&] {
        json.attribute("name", llvm::json::fixUTF8(state.name));
        json.attribute("type", state.type);
        json.attributeArray("shape", [&] {
          for (int64_t size : state.shape)
            json.value(size);
        });
        json.attribute("offset", int64_t(state.offset));
        json.attribute("bytes", int64_t(state.bytes));
        if (state.scale == 0)
          json.attribute("scale", nullptr);
        else
          json.attribute("scale", state.scale);
        json.attribute("zero_point", state.zeroPoint);
        json.attribute("in_place", state.isInPlace);
      });
  });
}

static void writeBuffers(OStream &json, const Report &report) {
  json.attributeArray("buffers", [&] {
    for (const BufferUse &buffer : report.buffers)
      json.object([&] {
        json.attribute("name", llvm::json::fixUTF8(buffer.name));
        json.attribute("role", buffer.role);
        json.attribute("memory", buffer.isExternal ? "external" : "ram");
        json.attribute("offset", int64_t(buffer.offset));
        json.attribute("bytes", int64_t(buffer.bytes));
        json.attribute("first", buffer.first);
        json.attribute("last", buffer.last);
      });
  });
}

// JSON has no infinity: no error at all is null.
static void writeDecibels(OStream &json, llvm::StringRef key, double value) {
  if (std::isfinite(value))
    json.attribute(key, value);
  else
    json.attribute(key, nullptr);
}

static void writeKnownDecibels(OStream &json, llvm::StringRef key, std::optional<double> value) {
  writeDecibels(json, key, value.value_or(INFINITY));
}

static void writeHeldOut(OStream &json, const std::optional<HeldOutUse> &heldOut) {
  if (!heldOut)
    return json.attribute("held_out", nullptr);
  json.attributeObject("held_out", [&] {
    json.attribute("samples", int64_t(heldOut->samples));
    writeDecibels(json, "output_sqnr_db", heldOut->outputSqnrDb);
    if (heldOut->accuracy)
      json.attributeObject("accuracy", [&] {
        json.attribute("float", heldOut->accuracy->first);
        json.attribute("compiled", heldOut->accuracy->second);
      });
    else
      json.attribute("accuracy", nullptr);
    json.attributeArray("layers", [&] {
      for (const HeldOutUse::Layer &layer : heldOut->layers)
        json.object([&] {
          json.attribute("name", llvm::json::fixUTF8(layer.name));
          json.attribute("op", layer.op);
          writeDecibels(json, "sqnr_db", layer.sqnrDb);
        });
    });
  });
}

static void writeLeast(OStream &json, const std::optional<RamUse::Least> &least) {
  if (!least)
    return json.attribute("least", nullptr);
  json.attributeObject("least", [&] {
    json.attribute("found", int64_t(least->found));
    json.attribute("proven", int64_t(least->proven));
    json.attribute("name", llvm::json::fixUTF8(least->name));
    json.attribute("op", least->op);
    json.attributeArray("holders", [&] {
      for (const RamUse::Least::Holder &holder : least->holders)
        json.object([&] {
          json.attribute("name", llvm::json::fixUTF8(holder.name));
          json.attribute("role", holder.role);
          json.attribute("bytes", int64_t(holder.bytes));
        });
    });
  });
}

void thimble::report::writeJson(const Report &report, llvm::raw_ostream &os) {
  OStream json(os, /*IndentSize=*/2);
  json.object([&] {
    json.attribute("schema_version", 1);
    json.attribute("thimble", report.version);
    json.attribute("model", report.model);
    json.attribute("target", report.target);
    json.attribute("fits", report.fits());
    json.attributeObject("flash", [&] {
      json.attribute("total", int64_t(report.flash.getTotal()));
      json.attribute("code", int64_t(report.flash.code));
      json.attribute("code_source", report.flash.isCodeMeasured ? "measured" : "estimated");
      json.attribute("weights", int64_t(report.flash.weights));
      json.attribute("tables", int64_t(report.flash.tables));
      writeOptional(json, "budget", report.flash.budget);
    });
    json.attributeObject("external_flash", [&] {
      json.attribute("total", int64_t(report.externalFlash.getTotal()));
      json.attribute("weights", int64_t(report.externalFlash.weights));
      json.attribute("tables", int64_t(report.externalFlash.tables));
      writeOptional(json, "budget", report.externalFlash.budget);
    });
    json.attributeObject("ram", [&] {
      json.attribute("peak", int64_t(report.ram.getPeak()));
      json.attribute("arena", int64_t(report.ram.arena));
      json.attribute("scratch", int64_t(report.ram.scratch));
      json.attribute("state", int64_t(report.ram.state));
      json.attribute("constants", int64_t(report.ram.constants));
      writeOptional(json, "lower_bound", report.ram.lowerBound);
      writeOptional(json, "budget", report.ram.budget);
      writeLeast(json, report.ram.least);
    });
    json.attributeObject("external_ram", [&] {
      json.attribute("arena", int64_t(report.externalRam.arena));
      json.attribute("lower_bound", int64_t(report.externalRam.lowerBound));
      json.attribute("traffic", int64_t(report.externalRam.traffic));
      json.attribute("extra_cycles", int64_t(report.externalRam.cost));
      json.attributeArray("buffers", [&] {
        for (const ExternalRamUse::Buffer &buffer : report.externalRam.buffers)
          json.object([&] {
            json.attribute("name", llvm::json::fixUTF8(buffer.name));
            json.attribute("bytes", int64_t(buffer.bytes));
            json.attribute("traffic", int64_t(buffer.traffic));
            json.attribute("extra_cycles", int64_t(buffer.cost));
            json.attribute("copied", buffer.isCopied);
          });
      });
      writeOptional(json, "budget", report.externalRam.budget);
    });
    json.attribute("macs", int64_t(report.macs));
    writePorts(json, "inputs", report.inputs);
    writePorts(json, "outputs", report.outputs);
    writeStates(json, report);
    writeLayers(json, report);
    writeBuffers(json, report);
    json.attributeArray("largest_tensors", [&] {
      for (const TensorUse &tensor : report.largestTensors)
        json.object([&] {
          json.attribute("name", llvm::json::fixUTF8(tensor.name));
          json.attribute("kind", tensor.isWeight ? "weights" : "activation");
          json.attribute("bytes", int64_t(tensor.bytes));
        });
    });
    writeHeldOut(json, report.heldOut);
    json.attributeArray("precision", [&] {
      for (const PrecisionUse &layer : report.precision)
        json.object([&] {
          json.attribute("name", llvm::json::fixUTF8(layer.name));
          json.attribute("type", layer.type);
          json.attribute("reason", llvm::json::fixUTF8(layer.reason));
          writeKnownDecibels(json, "sqnr_db_before", layer.beforeDb);
          writeKnownDecibels(json, "sqnr_db_after", layer.afterDb);
          json.attribute("bytes", layer.bytes);
          json.attribute("instructions", layer.instructions);
        });
    });
    json.attributeArray("executions", [&] {
      for (const ExecutionUse &execution : report.executions)
        json.object([&] {
          json.attribute("arena", int64_t(execution.arena));
          json.attribute("extra_instructions", execution.extraInstructions);
          json.attribute("chosen", execution.isChosen);
          json.attribute("external", int64_t(execution.external));
          if (execution.strips)
            json.attributeObject("strips", [&] {
              json.attribute("first", llvm::json::fixUTF8(execution.strips->first));
              json.attribute("last", llvm::json::fixUTF8(execution.strips->last));
              json.attribute("count", int64_t(execution.strips->count));
            });
          else
            json.attribute("strips", nullptr);
          json.attributeArray("streamed", [&] {
            for (const ExecutionUse::Part &part : execution.parts)
              json.object([&] {
                json.attribute("first", llvm::json::fixUTF8(part.first));
                json.attribute("last", llvm::json::fixUTF8(part.last));
                json.attribute("calls", int64_t(part.calls));
                json.attribute("scratch", int64_t(part.scratch));
              });
          });
        });
    });
    json.attributeArray("notes", [&] {
      for (const std::string &note : report.notes)
        json.value(llvm::json::fixUTF8(note));
    });
  });
  os << "\n";
}
