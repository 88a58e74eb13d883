// Registers whose values are written once: in linear time.
//
// Gibbons & Korach, "Testing shared memories" (SIAM J. Comput. 1997), section 4, extended to successful
// compare-and-sets. A value written by a compare-and-set was held at once after the value it took the place of. So all
// values fall into blocks: a blind write (or the initial value) and the compare-and-sets that follow from it, with the
// reads of each value, in an order that is forced. A block reaches from `first`, the first return in it, to `last`, the
// last call. Where first < last it holds the register all that time (forward); otherwise some moment between last and
// first is enough (backward). The history is linearizable exactly if each block is consistent in itself, no two
// forward ones overlap, and no backward one lies inside a forward one.
#pragma once

#include <algorithm>
#include <tuple>
#include <vector>

#include "columns.hpp"
#include "meter.hpp"
#include "timeline.hpp"

namespace splitbrain {

enum class ZonesOutcome : int { valid = 0, invalid = 1, inapplicable = 2 };

class Zones {
public:
    Zones(const Register& columns, Meter& meter) : columns_(columns), times_(columns.times), meter_(meter) {}

    // Decides, and gives a linearization if there is one. Not applicable where a value is written twice, where a
    // compare-and-set leaves what it found, or where one that answered False cannot be placed.
    ZonesOutcome run() {
        meter_.hold(36 * static_cast<uint64_t>(times_.size) + 20 * static_cast<uint64_t>(columns_.values));
        if (!find_writers()) return ZonesOutcome::inapplicable;
        count_readers();
        include_pending();
        if (!find_takers() || !build_blocks() || !arrange_blocks()) return ZonesOutcome::invalid;
        if (!differing_.empty() && !place_differing()) return ZonesOutcome::inapplicable;
        return ZonesOutcome::valid;
    }

    std::vector<int32_t> order;

private:
    static constexpr int32_t nobody = -1;

    struct Block {
        int32_t root;  // the value
        int32_t first, last;

        bool is_forward() const { return first < last; }
        int32_t start() const { return std::min(first, last); }
    };

    bool writes(int32_t i) const { return columns_.kind[i] == write || columns_.kind[i] == cas; }
    bool happened(int32_t i) const { return !times_.pending(i) || included_[i]; }

    bool find_writers() {
        writer_ = filled<int32_t>(columns_.values, nobody, meter_);
        for (int32_t i = 0; i < times_.size; ++i) {
            meter_.tick();
            if (i && times_.call[i] < times_.call[i - 1]) return false;
            if (columns_.kind[i] == differs && !times_.pending(i)) differing_.push_back(i);
            if (!writes(i)) continue;
            const int32_t value = columns_.b[i];
            if (writer_[value] != nobody || value == columns_.initial) return false;
            if (columns_.kind[i] == cas && columns_.a[i] == value) return false;
            writer_[value] = i;
        }
        return true;
    }

    // Completed reads of each value, by call, one value after another.
    void count_readers() {
        first_reader_ = filled<int32_t>(static_cast<size_t>(columns_.values) + 1, 0, meter_);
        for (int32_t i = 0; i < times_.size; ++i) {
            meter_.tick();
            if (columns_.kind[i] == read && !times_.pending(i)) ++first_reader_[columns_.a[i] + 1];
        }
        std::vector<int32_t> place;
        place.reserve(columns_.values);
        for (int32_t value = 0; value < columns_.values; ++value) {
            meter_.tick();
            place.push_back(first_reader_[value]);
            first_reader_[value + 1] += first_reader_[value];
        }
        readers_ = filled<int32_t>(first_reader_[columns_.values], 0, meter_);
        for (int32_t i = 0; i < times_.size; ++i) {
            meter_.tick();
            if (columns_.kind[i] == read && !times_.pending(i)) readers_[place[columns_.a[i]]++] = i;
        }
    }

    // A pending operation took effect exactly if its value was found by one that did.
    void include_pending() {
        included_ = filled<bool>(times_.size, false, meter_);
        std::vector<int32_t> found;
        for (int32_t value = 0; value < columns_.values; ++value) {
            meter_.tick();
            if (first_reader_[value] < first_reader_[value + 1]) found.push_back(value);
        }
        for (int32_t i = 0; i < times_.size; ++i) {
            meter_.tick();
            if (columns_.kind[i] == cas && !times_.pending(i)) found.push_back(columns_.a[i]);
        }
        while (!found.empty()) {
            meter_.tick();
            const int32_t writer = writer_[found.back()];
            found.pop_back();
            if (writer == nobody || !times_.pending(writer) || included_[writer]) continue;
            included_[writer] = true;
            if (columns_.kind[writer] == cas) found.push_back(columns_.a[writer]);
        }
    }

    // False where a value was found that nobody wrote, or was taken by two.
    bool find_takers() {
        taker_ = filled<int32_t>(columns_.values, nobody, meter_);
        for (int32_t value = 0; value < columns_.values; ++value) {
            meter_.tick();
            const bool found = first_reader_[value] < first_reader_[value + 1];
            if (found && writer_[value] == nobody && value != columns_.initial) return false;
        }
        for (int32_t i = 0; i < times_.size; ++i) {
            meter_.tick();
            if (columns_.kind[i] != cas || !happened(i)) continue;
            const int32_t value = columns_.a[i];
            if (taker_[value] != nobody || (writer_[value] == nobody && value != columns_.initial)) return false;
            taker_[value] = i;
            ++takers_;
        }
        return true;
    }

    bool build_blocks() {
        blocks_.reserve(static_cast<size_t>(columns_.values));
        Block block{columns_.initial, -1, -1};
        if (!walk(block)) return false;
        if (block.last >= 0) blocks_.push_back(block);
        for (int32_t i = 0; i < times_.size; ++i) {
            meter_.tick();
            if (columns_.kind[i] != write || !happened(i)) continue;
            block = {columns_.b[i], times_.ret[i], times_.call[i]};
            if (!walk(block)) return false;
            blocks_.push_back(block);
        }
        return takers_ == 0;  // Any left would form a circle, each in need of what another one left.
    }

    // The zone of a block; false where its operations are not possible in their order.
    bool walk(Block& block) {
        for (int32_t value = block.root;;) {
            const int32_t before = block.last;
            for (int32_t k = first_reader_[value]; k < first_reader_[value + 1]; ++k) {
                meter_.tick();
                const int32_t reader = readers_[k];
                if (times_.ret[reader] < before) return false;
                block.first = std::min(block.first, times_.ret[reader]);
                block.last = std::max(block.last, times_.call[reader]);
            }
            meter_.tick();
            const int32_t taker = taker_[value];
            if (taker == nobody) return true;
            if (times_.ret[taker] < block.last) return false;
            block.first = std::min(block.first, times_.ret[taker]);
            block.last = std::max(block.last, times_.call[taker]);
            value = columns_.b[taker];
            --takers_;
        }
    }

    // Blocks in the order of their moments: a forward one at its start, a backward one at its start or, where a forward
    // one covers that, after this.
    bool arrange_blocks() {
        sort_blocks();
        order.reserve(times_.size);
        int32_t covered = -2;  // up to here, by the last forward block
        std::vector<int32_t> later;
        for (int32_t number : by_start_) {
            meter_.tick();
            const Block& block = blocks_[number];
            if (block.start() > covered || (block.start() == covered && block.is_forward())) {
                emit(later);
                if (block.is_forward()) covered = block.last;
                emit(block);
            } else if (block.first < covered) {
                return false;
            } else {
                later.push_back(number);
            }
        }
        emit(later);
        return true;
    }

    void sort_blocks() {
        const int64_t last = last_position(times_, meter_) + int64_t{1};
        by_start_ = filled<int32_t>(blocks_.size(), 0, meter_);
        if (last <= 8 * static_cast<int64_t>(times_.size) + 64 && sort_by_counting(last)) return;
        for (size_t i = 0; i < blocks_.size(); ++i) by_start_[i] = static_cast<int32_t>(i);
        std::sort(by_start_.begin(), by_start_.end(), [this](int32_t x, int32_t y) {
            meter_.tick();
            const auto key = [](const Block& block, int32_t number) {
                return std::tuple(block.start(), block.is_forward(), block.first, number);  // calls before returns
            };
            return key(blocks_[x], x) < key(blocks_[y], y);
        });
    }

    // False if two blocks start at once.
    bool sort_by_counting(int64_t last) {
        std::vector<int32_t> at = filled<int32_t>(static_cast<size_t>(last) + 1, nobody, meter_);
        for (size_t i = 0; i < blocks_.size(); ++i) {
            meter_.tick();
            int32_t& place = at[blocks_[i].start() + 1];
            if (place != nobody) return false;
            place = static_cast<int32_t>(i);
        }
        size_t count = 0;
        for (int32_t number : at) {
            meter_.tick();
            if (number != nobody) by_start_[count++] = number;
        }
        return true;
    }

    void emit(std::vector<int32_t>& numbers) {
        for (int32_t number : numbers) emit(blocks_[number]);
        numbers.clear();
    }

    void emit(const Block& block) {
        if (block.root != columns_.initial) order.push_back(writer_[block.root]);
        for (int32_t value = block.root;; value = columns_.b[taker_[value]]) {
            meter_.tick();
            for (int32_t k = first_reader_[value]; k < first_reader_[value + 1]; ++k) order.push_back(readers_[k]);
            if (taker_[value] == nobody) return;
            order.push_back(taker_[value]);
        }
    }

    // Put the compare-and-sets that answered False into the order, each at the first place where it is possible. False
    // where this fails; another order might have room for it.
    bool place_differing() {
        const size_t size = order.size();
        const auto ends = static_cast<int32_t>(size);
        std::vector<std::pair<int32_t, int32_t>> returned;  // and the place after it
        std::vector<int32_t> held_until = filled<int32_t>(columns_.values, 0, meter_);
        std::vector<int32_t> held_from = filled<int32_t>(columns_.values, ends + 1, meter_);
        int32_t value = columns_.initial;
        held_from[value] = 0;
        for (int32_t i = 0; i < ends; ++i) {
            meter_.tick();
            const int32_t operation = order[i];
            if (!times_.pending(operation)) returned.emplace_back(times_.ret[operation], i + 1);
            if (!writes(operation)) continue;
            held_until[value] = i;
            value = columns_.b[operation];
            held_from[value] = i + 1;
        }
        held_until[value] = ends;
        std::sort(returned.begin(), returned.end(), [this](auto& x, auto& y) {
            meter_.tick();
            return x < y;
        });
        std::vector<std::pair<int32_t, int32_t>> insert;  // place and operation
        std::vector<int32_t> by_return(differing_);
        std::sort(by_return.begin(), by_return.end(), [this](int32_t x, int32_t y) {
            meter_.tick();
            return times_.ret[x] < times_.ret[y];
        });
        std::vector<int32_t> place_of = filled<int32_t>(times_.size, 0, meter_);
        size_t next = 0, next_differing = 0;
        int32_t earliest = 0;
        for (int32_t operation : differing_) {
            meter_.tick();
            for (; next < returned.size() && returned[next].first < times_.call[operation]; ++next)
                earliest = std::max(earliest, returned[next].second);
            for (; next_differing < by_return.size() &&
                   times_.ret[by_return[next_differing]] < times_.call[operation]; ++next_differing)
                earliest = std::max(earliest, place_of[by_return[next_differing]]);
            const int32_t not_this = columns_.a[operation];
            int32_t place = earliest;
            if (not_this >= 0 && not_this < columns_.values && held_from[not_this] <= place && place <= held_until[not_this])
                place = held_until[not_this] + 1;
            if (place > ends) return false;
            place_of[operation] = place;
            insert.emplace_back(place, operation);
        }
        std::stable_sort(insert.begin(), insert.end(), [this](auto& x, auto& y) {
            meter_.tick();
            return x.first < y.first;
        });
        return merge(insert);
    }

    // Whether the order, with those inserted before their places, still keeps to real time.
    bool merge(const std::vector<std::pair<int32_t, int32_t>>& insert) {
        std::vector<int32_t> merged;
        merged.reserve(order.size() + insert.size());
        int32_t latest_call = -1;
        auto add = [&](int32_t operation) {
            meter_.tick();
            if (times_.ret[operation] < latest_call) return false;
            latest_call = std::max(latest_call, times_.call[operation]);
            merged.push_back(operation);
            return true;
        };
        size_t next = 0;
        for (size_t i = 0; i <= order.size(); ++i) {
            for (; next < insert.size() && static_cast<size_t>(insert[next].first) == i; ++next)
                if (!add(insert[next].second)) return false;
            if (i < order.size() && !add(order[i])) return false;
        }
        order = std::move(merged);
        return true;
    }

    const Register& columns_;
    const Times& times_;
    Meter& meter_;
    std::vector<int32_t> writer_, taker_;          // of each value
    std::vector<int32_t> first_reader_, readers_;  // of each value, where its readers begin
    std::vector<bool> included_;
    std::vector<int32_t> differing_;  // compare-and-sets that answered False, by call
    std::vector<Block> blocks_;
    std::vector<int32_t> by_start_;
    int64_t takers_ = 0;
};

}  // namespace splitbrain
