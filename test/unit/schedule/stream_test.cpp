// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Streamed programs compute what plain ones do, bit for bit: random networks, every part that can be streamed.
#include "compiler/execute/Executor.h"
#include "dialects/mcu/McuLiveness.h"
#include "passes/lower/Lower.h"
#include "passes/schedule/FitRam.h"
#include "passes/schedule/Schedule.h"
#include "passes/schedule/SplitColumns.h"
#include "passes/schedule/StreamSearch.h"
#include "test/unit/passes/quantize_support.h"
#include <catch2/catch.hpp>

using namespace quantize_test;
using namespace thimble::schedule;

namespace {

mcu::ProgramOp getProgram(ModuleOp module) { return *module.getOps<mcu::ProgramOp>().begin(); }

// Convolutions of all kinds, poolings and residual blocks on an odd image.
void buildRandom(Network &network, Random &random) {
  for (int64_t layers = random.integer(2, 6); layers > 0; --layers) {
    int64_t height = network.shape()[1], width = network.shape()[2];
    int64_t kernel = random.integer(0, 1) ? 3 : random.integer(0, 1) ? 1 : 5, stride = random.integer(1, 2);
    if (std::min(height, width) < 6)
      kernel = 1, stride = 1;
    switch (random.integer(0, 5)) {
    case 5: // a constant of its own value for each element, or for each channel
      network.binary(random.integer(0, 1) ? nn::BinaryKind::Add : nn::BinaryKind::Mul,
                     random.integer(0, 2) ? network.constant({height, width, network.shape()[3]},
                                                             random.weights(height * width * network.shape()[3], 0.7f))
                                          : network.constant({network.shape()[3]}, random.weights(network.shape()[3], 0.7f)));
      break;
    case 0:
      network.conv(random, network.shape()[3], 3, std::min(height, width) < 6 ? 1 : stride, true, 0);
      break;
    case 1:
      if (std::min(height, width) >= 6)
        network.pool(random.integer(0, 1) ? nn::PoolKind::Max : nn::PoolKind::Average, random.integer(2, 3), 2);
      break;
    case 2: {
      Value shortcut = network.last;
      int64_t channels = network.shape()[3];
      network.conv(random, channels, 3, 1, true).conv(random, channels, 3, 1, false).binary(nn::BinaryKind::Add, shortcut);
      network.unary(nn::UnaryKind::Relu);
      break;
    }
    default:
      network.conv(random, random.integer(3, 9), kernel, stride, random.integer(0, 1));
    }
  }
}

OwningOpRef<ModuleOp> lowerTo(Network &network, bool isInt8, bool fusesAttention) {
  OwningOpRef<ModuleOp> module = (isInt8 ? *network.quantized : *network.module).clone();
  network.context.loadDialect<mcu::McuDialect>();
  PassManager manager(&network.context);
  lower::buildLowerPipeline(manager, {"net", fusesAttention});
  REQUIRE(succeeded(manager.run(*module)));
  return module;
}

OwningOpRef<ModuleOp> lowered(Network &network, const Inputs &inputs, bool isInt8) {
  network.finish();
  if (isInt8) {
    REQUIRE(succeeded(calibrate::calibrate(network.function, inputs.samples)));
    REQUIRE(network.quantize());
  }
  return lowerTo(network, isInt8, true);
}

std::vector<char> execute(mcu::ProgramOp program, llvm::ArrayRef<char> input) {
  FailureOr<std::unique_ptr<Executor>> executor = Executor::create(program);
  REQUIRE(succeeded(executor));
  REQUIRE((*executor)->getInputBytes(0) <= input.size());
  (*executor)->run({input.take_front((*executor)->getInputBytes(0))});
  llvm::ArrayRef<char> output = (*executor)->getOutput(0);
  return {output.begin(), output.end()};
}

void schedule(ModuleOp module) {
  PassManager manager(module.getContext());
  buildSchedulePipeline(manager);
  REQUIRE(succeeded(manager.run(module)));
  REQUIRE(succeeded(mlir::verify(module)));
}

int64_t planBytes(ModuleOp module) {
  schedule(module);
  return int64_t(*getProgram(module).getArenaBytes());
}

int splits = 0; // fronts that were computed in strips

void checkLowered(OwningOpRef<ModuleOp> module, const Inputs &inputs, Random &random) {
  OwningOpRef<ModuleOp> plain = module->clone();
  schedule(*plain);
  llvm::ArrayRef<char> input = inputs.samples[0][0];
  std::vector<char> expected = execute(getProgram(*plain), input);

  size_t count = mcu::getCalls(getProgram(*module)).size();
  for (size_t first = 0; first < count; ++first)
    for (size_t last = first; last < count; ++last) {
      OwningOpRef<ModuleOp> streamed = module->clone();
      std::vector<mcu::CallOp> calls = mcu::getCalls(getProgram(*streamed));
      std::optional<StreamPart> part = StreamPart::create(calls, first, last);
      StreamGrain grain{random.integer(1, 40), random.integer(0, 2)};
      if (!part || !part->plan(grain))
        continue;
      CAPTURE(first, last, grain.pixels, grain.slack);
      part->apply(grain);
      schedule(*streamed);
      REQUIRE(execute(getProgram(*streamed), input) == expected);
    }

  // In strips of columns: as plain calls, then each streamed as far as it can be.
  for (size_t first = 0; first < count; ++first)
    for (size_t last = first; last < count; ++last) {
      // Plans of many strips take long to prove; some will do.
      int64_t strips = random.integer(2, 3) + (last == first);
      if (last > first && random.integer(0, 4) > 0)
        continue;
      OwningOpRef<ModuleOp> split = module->clone();
      if (!splitColumns(getProgram(*split), first, last, strips))
        continue;
      CAPTURE(first, last, strips);
      REQUIRE(succeeded(mlir::verify(*split)));
      OwningOpRef<ModuleOp> streamed = split->clone();
      schedule(*split);
      REQUIRE(execute(getProgram(*split), input) == expected);
      ++splits;
      StreamSearch parts(getProgram(*streamed));
      std::optional<std::vector<StreamChoice>> choices = parts.find(parts.findLeast());
      REQUIRE(choices);
      for (const StreamChoice &choice : llvm::reverse(*choices)) {
        std::vector<mcu::CallOp> calls = mcu::getCalls(getProgram(*streamed));
        StreamPart::create(calls, choice.first, choice.last)->apply(choice.grain);
      }
      schedule(*streamed);
      REQUIRE(execute(getProgram(*streamed), input) == expected);
    }

  // The search: as little as it can, and half way there.
  std::optional<int64_t> budget = 0;
  int64_t plainBytes = int64_t(*getProgram(*plain).getArenaBytes());
  for (int round = 0; round < 2; ++round) {
    OwningOpRef<ModuleOp> fitted = module->clone();
    FailureOr<RamSearch> search = scheduleWithin(*fitted, budget);
    REQUIRE(succeeded(search));
    int64_t bytes = int64_t(*getProgram(*fitted).getArenaBytes());
    CHECK(bytes == search->options[search->chosen].arenaBytes);
    CHECK(bytes <= plainBytes);
    REQUIRE(execute(getProgram(*fitted), input) == expected);
    if (round == 1)
      CHECK(bytes <= *budget);
    budget = (bytes + plainBytes) / 2;
  }

  // The input is fed by rows: it needs no place in the arena.
  OwningOpRef<ModuleOp> fed = module->clone();
  FailureOr<RamSearch> search = scheduleWithin(*fed, 0, /*feedsRows=*/true);
  REQUIRE(succeeded(search));
  REQUIRE(succeeded(mlir::verify(*fed)));
  REQUIRE(execute(getProgram(*fed), input) == expected);
  for (mcu::BufferOp buffer : getProgram(*fed).getBody().front().getOps<mcu::BufferOp>())
    CHECK(mcu::isFed(buffer) == !buffer.getOffset());
}

void checkNetwork(unsigned seed, bool isInt8) {
  CAPTURE(seed, isInt8);
  Random random(seed);
  int64_t height = random.integer(7, 23), width = random.integer(6, 12), channels = random.integer(1, 5);
  Network network({1, height, width, channels});
  buildRandom(network, random);
  Inputs inputs(random, height * width * channels, 3);
  checkLowered(lowered(network, inputs, isInt8), inputs, random);
}

// Convolutions along one axis, as in temporal models.
void checkSignal(unsigned seed, bool isInt8) {
  CAPTURE(seed, isInt8);
  Random random(seed);
  int64_t frames = random.integer(20, 60), channels = random.integer(1, 6);
  Network network({1, 1, frames, channels});
  for (int64_t layers = random.integer(2, 4); layers > 0; --layers) {
    int64_t in = network.shape()[3], out = random.integer(2, 8), kernel = random.integer(1, 5), dilation = random.integer(1, 2);
    int64_t pad = random.integer(0, kernel - 1), stride = network.shape()[2] > 16 ? random.integer(1, 2) : 1;
    Value w = network.constant({out, 1, kernel, in}, random.weights(out * kernel * in, 0.5f)),
          b = network.constant({out}, random.weights(out, 0.2f));
    network.last = network.builder.create<nn::Conv2DOp>(network.next(), network.last, w, b, ArrayRef<int64_t>{1, stride},
                                                        ArrayRef<int64_t>{0, pad, 0, 0}, ArrayRef<int64_t>{1, dilation}, 1,
                                                        network.builder.getF32FloatAttr(0), FloatAttr());
  }
  Inputs inputs(random, frames * channels, 3);
  checkLowered(lowered(network, inputs, isInt8), inputs, random);
}

// The two layers of a transformer's MLP with their residual sum, over tokens.
void checkTokens(unsigned seed, bool isInt8) {
  CAPTURE(seed, isInt8);
  Random random(seed);
  int64_t tokens = random.integer(5, 30), width = random.integer(4, 12);
  Network network({tokens, width});
  Value residual = network.last;
  network.fullyConnected(random, 3 * width)
      .unary(nn::UnaryKind::Gelu)
      .fullyConnected(random, width)
      .binary(nn::BinaryKind::Add, residual);
  Inputs inputs(random, tokens * width, 3);
  checkLowered(lowered(network, inputs, isInt8), inputs, random);
}

// An image of which patches become tokens behind one that is a constant, with a positional embedding, as a vision transformer begins.
void checkPatches(unsigned seed, bool isInt8) {
  CAPTURE(seed, isInt8);
  Random random(seed);
  int64_t patch = random.integer(2, 3), rows = random.integer(2, 5), columns = random.integer(2, 5),
          width = random.integer(3, 9);
  int64_t tokens = rows * columns, others = random.integer(0, 2), channels = random.integer(1, 3);
  Network network({1, patch * rows, patch * columns, channels});
  OpBuilder &b = network.builder;
  Value w = network.constant({width, patch, patch, channels}, random.weights(width * patch * patch * channels, 0.5f));
  Value bias = network.constant({width}, random.weights(width, 0.2f));
  network.last =
      b.create<nn::Conv2DOp>(network.next(), network.last, w, bias, ArrayRef<int64_t>{patch, patch},
                             ArrayRef<int64_t>{0, 0, 0, 0}, ArrayRef<int64_t>{1, 1}, 1, b.getF32FloatAttr(0), FloatAttr());
  network.reshape({tokens, width});
  if (others > 0) {
    llvm::SmallVector<Value> parts = {network.constant({others, width}, random.weights(others * width, 0.5f)), network.last};
    if (random.integer(0, 1))
      std::swap(parts[0], parts[1]);
    network.last = b.create<nn::ConcatOp>(network.next(), network.tensor({tokens + others, width}), parts, uint64_t(0));
  }
  Value embedding = network.constant({tokens + others, width}, random.weights((tokens + others) * width, 0.5f));
  if (random.integer(0, 1))
    network.last =
        b.create<nn::BinaryOp>(network.next(), nn::BinaryKind::Add, embedding, network.last, FloatAttr(), FloatAttr());
  else
    network.binary(nn::BinaryKind::Add, embedding);
  Value residual = network.last;
  Value gain = network.constant({width}, random.weights(width, 0.8f)),
        shift = network.constant({width}, random.weights(width, 0.2f));
  network.last = b.create<nn::LayerNormOp>(network.next(), residual, gain, shift, 1, llvm::APFloat(1e-5f), false);
  network.fullyConnected(random, 2 * width)
      .unary(nn::UnaryKind::Gelu)
      .fullyConnected(random, width)
      .binary(nn::BinaryKind::Add, residual);
  Inputs inputs(random, patch * rows * patch * columns * channels, 3);
  OwningOpRef<ModuleOp> module = lowered(network, inputs, isInt8);
  // All of it is one part.
  std::vector<mcu::CallOp> calls = mcu::getCalls(getProgram(*module));
  std::optional<StreamPart> whole = StreamPart::create(calls, 0, calls.size() - 1);
  REQUIRE(whole);
  REQUIRE(whole->plan({1, 0}));
  checkLowered(std::move(module), inputs, random);
}

struct AttentionShape {
  int64_t tokens, size, keyHeads, shared;
  bool hasMask, isPacked;
  int64_t width() const { return keyHeads * shared * size; }
};

// [tokens, heads * size] or a part of it, from `first` on, as [heads, tokens, size].
Value splitHeads(Network &network, Value x, int64_t first, int64_t heads, const AttentionShape &s) {
  OpBuilder &b = network.builder;
  if (cast<RankedTensorType>(x.getType()).getDimSize(1) != heads * s.size)
    x = b.create<nn::SliceOp>(network.next(), x, ArrayRef<int64_t>{0, first}, ArrayRef<int64_t>{s.tokens, heads * s.size},
                              ArrayRef<int64_t>{1, 1});
  x = b.create<nn::ReshapeOp>(network.next(), network.tensor({s.tokens, heads, s.size}), x);
  return b.create<nn::TransposeOp>(network.next(), x, ArrayRef<int64_t>{1, 0, 2});
}

// A normalization, self attention, and the sum with what was before.
void addAttention(Network &network, Random &random, const AttentionShape &s) {
  OpBuilder &b = network.builder;
  Value residual = network.last;
  int64_t width = s.width(), heads = s.keyHeads * s.shared, keyWidth = s.keyHeads * s.size;
  Value gain = network.constant({width}, random.weights(width, 0.8f));
  Value bias = network.constant({width}, random.weights(width, 0.2f));
  Value normal = network.last = b.create<nn::LayerNormOp>(network.next(), residual, gain, bias, 1, llvm::APFloat(1e-5f), false);
  Value q, k, v;
  if (s.isPacked) {
    network.fullyConnected(random, width + 2 * keyWidth);
    q = splitHeads(network, network.last, 0, heads, s);
    k = splitHeads(network, network.last, width, s.keyHeads, s);
    v = splitHeads(network, network.last, width + keyWidth, s.keyHeads, s);
  } else {
    q = splitHeads(network, network.fullyConnected(random, width).last, 0, heads, s);
    network.last = normal;
    k = splitHeads(network, network.fullyConnected(random, keyWidth).last, 0, s.keyHeads, s);
    network.last = normal;
    v = splitHeads(network, network.fullyConnected(random, keyWidth).last, 0, s.keyHeads, s);
  }
  for (Value *shared : {&k, &v})
    if (s.shared > 1) {
      Value wide = b.create<nn::ReshapeOp>(network.next(), network.tensor({s.keyHeads, 1, s.tokens, s.size}), *shared);
      wide = b.create<nn::BroadcastOp>(network.next(), network.tensor({s.keyHeads, s.shared, s.tokens, s.size}), wide);
      *shared = b.create<nn::ReshapeOp>(network.next(), network.tensor({heads, s.tokens, s.size}), wide);
    }
  network.last = b.create<nn::MatMulOp>(network.next(), q, k, false, true);
  network.binary(nn::BinaryKind::Mul, network.constant({}, {1 / std::sqrt(float(s.size))}));
  if (s.hasMask) {
    std::vector<float> mask(size_t(s.tokens * s.tokens), 0);
    for (int64_t row = 0; row < s.tokens; ++row)
      std::fill(mask.begin() + row * s.tokens + row + 1, mask.begin() + (row + 1) * s.tokens, -4.0f);
    network.binary(nn::BinaryKind::Add, network.constant({s.tokens, s.tokens}, mask));
  }
  Value weights = b.create<nn::SoftmaxOp>(network.next(), network.last, 2, false);
  Value y = b.create<nn::MatMulOp>(network.next(), weights, v, false, false);
  network.last = b.create<nn::TransposeOp>(network.next(), y, ArrayRef<int64_t>{1, 0, 2});
  network.reshape({s.tokens, width}).fullyConnected(random, width).binary(nn::BinaryKind::Add, residual);
}

size_t countAttention(ModuleOp module) {
  return size_t(llvm::count_if(mcu::getCalls(getProgram(module)),
                               [](mcu::CallOp call) { return call.getKernel().starts_with("tmb_attention_"); }));
}

// Row by row, and streamed in every way, attention computes what it does with matrices of scores.
void checkAttention(unsigned seed, bool isInt8) {
  CAPTURE(seed, isInt8);
  Random random(seed);
  AttentionShape s{random.integer(3, 14), random.integer(2, 9),      random.integer(1, 3),
                   random.integer(1, 2),  random.integer(0, 1) == 1, random.integer(0, 2) > 0};
  Network network({s.tokens, s.width()});
  network.fullyConnected(random, s.width());
  addAttention(network, random, s);
  Inputs inputs(random, s.tokens * s.width(), 3, -2, 2);
  OwningOpRef<ModuleOp> module = lowered(network, inputs, isInt8), matrices = lowerTo(network, isInt8, false);
  REQUIRE(countAttention(*module) == 1);
  REQUIRE(countAttention(*matrices) == 0);
  OwningOpRef<ModuleOp> plain = module->clone();
  schedule(*plain);
  schedule(*matrices);
  llvm::ArrayRef<char> input = inputs.samples[0][0];
  REQUIRE(execute(getProgram(*plain), input) == execute(getProgram(*matrices), input));
  checkLowered(std::move(module), inputs, random);
}

} // namespace

TEST_CASE("streamed attention equals that with matrices of scores") {
  for (unsigned seed = 0; seed < 24; ++seed)
    checkAttention(seed, seed % 3 != 0);
}

TEST_CASE("attention needs keys and values, the tokens, and rows") {
  Random random(2);
  AttentionShape s{64, 8, 2, 1, false, true};
  Network network({s.tokens, s.width()});
  network.fullyConnected(random, s.width());
  for (int layer = 0; layer < 2; ++layer) {
    addAttention(network, random, s);
    Value residual = network.last;
    network.fullyConnected(random, 4 * s.width()).unary(nn::UnaryKind::Gelu).fullyConnected(random, s.width());
    network.binary(nn::BinaryKind::Add, residual);
  }
  Inputs inputs(random, s.tokens * s.width(), 2);
  OwningOpRef<ModuleOp> module = lowered(network, inputs, true), matrices = lowerTo(network, true, false);
  int64_t whole = s.tokens * s.width(), before = planBytes(*matrices);
  OwningOpRef<ModuleOp> copy = module->clone();
  FailureOr<RamSearch> search = scheduleWithin(*module, 3 * whole + 1024);
  REQUIRE(succeeded(search));
  const RamOption &chosen = search->options[search->chosen];
  CHECK(chosen.arenaBytes <= 3 * whole + 1024);
  CHECK(chosen.arenaBytes < before / 2);
  CHECK(chosen.extraInstructions > 0);
  // Less is impossible, and says so.
  search = scheduleWithin(*copy, 2 * whole);
  REQUIRE(succeeded(search));
  CHECK(search->options[search->chosen].arenaBytes > 2 * whole);
}

TEST_CASE("streamed signals equal plain ones") {
  for (unsigned seed = 0; seed < 20; ++seed)
    checkSignal(seed, seed % 3 != 0);
}

TEST_CASE("streamed tokens equal plain ones, and need no whole hidden layer") {
  for (unsigned seed = 0; seed < 10; ++seed)
    checkTokens(seed, seed % 3 != 0);
  Random random(1);
  Network network({64, 16});
  Value residual = network.last;
  network.fullyConnected(random, 64)
      .unary(nn::UnaryKind::Gelu)
      .fullyConnected(random, 16)
      .binary(nn::BinaryKind::Add, residual);
  Inputs inputs(random, 64 * 16, 2);
  OwningOpRef<ModuleOp> module = lowered(network, inputs, true);
  FailureOr<RamSearch> search = scheduleWithin(*module, 3500);
  REQUIRE(succeeded(search));
  CHECK(search->options[0].arenaBytes >= 64 * 64);
  CHECK(search->options[search->chosen].arenaBytes <= 3500);
}

TEST_CASE("streamed patches equal plain ones, from the image to the first block in one part") {
  for (unsigned seed = 0; seed < 24; ++seed)
    checkPatches(seed, seed % 3 != 0);
}

TEST_CASE("streamed int8 networks equal plain ones", "[streaming]") {
  for (unsigned seed = 0; seed < 30; ++seed)
    checkNetwork(seed, true);
}

TEST_CASE("streamed float networks equal plain ones", "[streaming]") {
  splits = 0;
  for (unsigned seed = 100; seed < 115; ++seed)
    checkNetwork(seed, false);
  CHECK(splits > 20);
}

TEST_CASE("a chain of convolutions needs a few rows in between") {
  Random random(3);
  Network network({1, 32, 32, 4});
  network.conv(random, 16, 3, 1, true).conv(random, 16, 3, 1, true).conv(random, 4, 3, 4, true);
  Inputs inputs(random, 32 * 32 * 4, 2);
  OwningOpRef<ModuleOp> module = lowered(network, inputs, true);
  FailureOr<RamSearch> search = scheduleWithin(*module, 12000);
  REQUIRE(succeeded(search));
  REQUIRE(search->chosen > 0);
  const RamOption &plain = search->options[0], &chosen = search->options[search->chosen];
  CHECK(plain.arenaBytes > 16384);
  CHECK(chosen.arenaBytes <= 12000);
  REQUIRE(chosen.parts.size() == 1);
  CHECK(chosen.parts[0].calls >= 3);
  CHECK(chosen.extraInstructions > 0);
}

TEST_CASE("wide fronts are computed in strips of columns where rows alone need too much") {
  Random random(3);
  Network network({1, 24, 96, 2});
  network.conv(random, 24, 3, 1, true).conv(random, 24, 3, 1, true).conv(random, 24, 3, 1, true).conv(random, 4, 3, 4, true);
  network.flatten().fullyConnected(random, 4);
  Inputs inputs(random, 24 * 96 * 2, 2);
  OwningOpRef<ModuleOp> module = lowered(network, inputs, true), rows = module->clone();
  FailureOr<RamSearch> search = scheduleWithin(*module, 1000);
  REQUIRE(succeeded(search));
  const RamOption &chosen = search->options[search->chosen];
  REQUIRE(chosen.strips);
  int64_t withoutStrips = INT64_MAX;
  for (const RamOption &option : search->options)
    if (!option.strips)
      withoutStrips = std::min(withoutStrips, option.arenaBytes);
  CHECK(chosen.arenaBytes < withoutStrips * 9 / 10);
  CHECK(chosen.extraInstructions > 0);
  REQUIRE(search->provenLeast);
  CHECK(*search->provenLeast <= chosen.arenaBytes);
  // A budget that rows meet takes no strips: they compute things twice.
  FailureOr<RamSearch> easy = scheduleWithin(*rows, withoutStrips);
  REQUIRE(succeeded(easy));
  CHECK(!easy->options[easy->chosen].strips);
  CHECK(execute(getProgram(*module), inputs.samples[0][0]) == execute(getProgram(*rows), inputs.samples[0][0]));
}

TEST_CASE("without a budget nothing is streamed") {
  Random random(3);
  Network network({1, 16, 16, 4});
  network.conv(random, 16, 3, 1, true).conv(random, 16, 3, 1, true);
  Inputs inputs(random, 16 * 16 * 4, 2);
  OwningOpRef<ModuleOp> module = lowered(network, inputs, true);
  FailureOr<RamSearch> search = scheduleWithin(*module, std::nullopt);
  REQUIRE(succeeded(search));
  CHECK(search->options.size() == 1);
  for (mcu::CallOp call : mcu::getCalls(getProgram(*module)))
    CHECK(call.getKernel() != mcu::streamKernel);
}

TEST_CASE("rows cannot be fed to operations that need the whole input") {
  Random random(5);
  Network network({1, 8, 8, 4});
  network.flatten().fullyConnected(random, 10);
  Inputs inputs(random, 8 * 8 * 4, 2);
  OwningOpRef<ModuleOp> module = lowered(network, inputs, true);
  std::string message;
  ScopedDiagnosticHandler handler(&network.context, [&](Diagnostic &diagnostic) { message += diagnostic.str(); });
  CHECK(failed(scheduleWithin(*module, std::nullopt, /*feedsRows=*/true)));
  CHECK(message.find("--feed-rows: the operations that read the input cannot be computed row by row") != std::string::npos);
}
