// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A map from ranges of addresses to what is there.
#include "passes/schedule/ByteContents.h"
#include <vector>

using namespace thimble::schedule;

// The piece that `address` lies in, or the next one.
ByteContents::Pieces::const_iterator ByteContents::firstAt(int64_t address) const {
  auto piece = pieces.upper_bound(address);
  return piece != pieces.begin() && std::prev(piece)->second.end > address ? std::prev(piece) : piece;
}

void ByteContents::split(int64_t address) {
  auto piece = pieces.lower_bound(address);
  if (piece == pieces.begin() || std::prev(piece)->second.end <= address)
    return;
  --piece;
  Piece rest = piece->second;
  piece->second.end = address;
  pieces[address] = rest;
}

void ByteContents::write(ByteRange range, Content content) {
  if (range.begin >= range.end)
    return;
  split(range.begin);
  split(range.end);
  pieces.erase(pieces.lower_bound(range.begin), pieces.lower_bound(range.end));
  auto piece = pieces.insert({range.begin, {range.end, content}}).first;
  // Neighbours that go on make one piece.
  if (auto next = std::next(piece); next != pieces.end() && next->first == range.end && next->second.content == content) {
    piece->second.end = next->second.end;
    pieces.erase(next);
  }
  if (piece == pieces.begin())
    return;
  if (auto previous = std::prev(piece); previous->second.end == range.begin && previous->second.content == content) {
    previous->second.end = piece->second.end;
    pieces.erase(piece);
  }
}

std::optional<Content> ByteContents::at(int64_t address) const {
  auto piece = firstAt(address);
  if (piece == pieces.end() || piece->first > address)
    return std::nullopt;
  return piece->second.content;
}

int64_t ByteContents::findOther(ByteRange range, Content expected) const {
  int64_t address = range.begin;
  for (auto piece = firstAt(address); address < range.end && piece != pieces.end(); ++piece) {
    if (piece->first > address || !(piece->second.content == expected))
      return address;
    address = piece->second.end;
  }
  return address < range.end ? address : range.end;
}

void ByteContents::move(ByteRange range, int64_t to) {
  std::vector<std::pair<ByteRange, Content>> moved;
  int64_t distance = to - range.begin;
  forEach(range, [&](ByteRange piece, Content content) {
    moved.push_back({{piece.begin + distance, piece.end + distance}, {content.source, content.shift + distance}});
  });
  for (auto &[piece, content] : moved)
    write(piece, content);
}
