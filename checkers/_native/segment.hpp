// A part of a register history that must have an order by itself.
#pragma once

#include <algorithm>
#include <vector>

#include "layout.hpp"

namespace splitbrain {

// Events around one at which a search is stuck. If the history is linearizable, then so is the segment from one of
// `starts`: take what a linearization holds after the moment at which the segment begins, and before that at which it
// ends. Operations that were open at either moment may be missing there, so they are pending in the segment if they
// can change the value, and left out of it if not.
class Segment {
public:
    // Some `width` events before `stuck`, and half as many after it. It begins where the fewest operations are open.
    Segment(const Register& columns, const Events& events, const Layout& layout, int32_t stuck, int32_t width,
            Meter& meter)
        : columns_(columns), layout_(layout) {
        const auto size = static_cast<int32_t>(events.size());
        to_ = std::min<int64_t>(size, int64_t{stuck} + 1 + width / 2);
        find_beginning(events, std::max(0, stuck - width), std::max(0, stuck - width / 2), meter);
        for (int32_t i = 0; i < begin; ++i) {
            meter.tick();
            const int32_t event = events[i];
            if (event >= 0 && layout.returns[event] >= begin && changes(event)) add(event, 0, never);
        }
        for (int32_t i = begin; i < to_; ++i) {
            meter.tick();
            const int32_t event = events[i];
            if (event < 0) continue;
            const bool returns = layout.returns[event] < to_;
            if (returns || changes(event)) add(event, place_of(i), returns ? place_of(layout.returns[event]) : never);
        }
        find_starts();
    }

    Register columns() const {
        const Times times{static_cast<int32_t>(numbers.size()), call_.data(), ret_.data()};
        return {times, kind_.data(), a_.data(), b_.data(), columns_.values + 1, starts.front()};
    }

    int32_t begin = 0;             // the first of its events
    std::vector<int32_t> numbers;  // of its operations, in the whole history
    std::vector<int32_t> starts;   // the values that may be there when it begins

private:
    bool changes(int32_t operation) const {
        return columns_.kind[operation] == write || columns_.kind[operation] == cas;
    }

    int32_t place_of(int32_t event) const { return event - begin + 1; }

    void find_beginning(const Events& events, int32_t first, int32_t last, Meter& meter) {
        int32_t open = 0, fewest = never;
        for (int32_t i = 0; i <= last; ++i) {
            meter.tick();
            if (i >= first && open <= fewest) begin = i, fewest = open;
            const int32_t operation = events[i] < 0 ? ~events[i] : events[i];
            if (changes(operation) && layout_.returns[operation] != never) open += events[i] < 0 ? -1 : 1;
        }
    }

    void add(int32_t operation, int32_t call, int32_t ret) {
        numbers.push_back(operation);
        call_.push_back(call), ret_.push_back(ret);
        kind_.push_back(columns_.kind[operation]);
        a_.push_back(columns_.a[operation]), b_.push_back(columns_.b[operation]);
    }

    // Those that some operation looks for, and one for all the others.
    void find_starts() {
        if (begin == 0) {
            starts = {columns_.initial};
            return;
        }
        starts = {columns_.values};
        for (size_t i = 0; i < numbers.size(); ++i)
            if (kind_[i] != write && a_[i] >= 0 && a_[i] < columns_.values) starts.push_back(a_[i]);
        std::sort(starts.begin(), starts.end());
        starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
    }

    const Register& columns_;
    const Layout& layout_;
    int32_t to_;
    std::vector<uint8_t> kind_;
    std::vector<int32_t> a_, b_, call_, ret_;
};

}  // namespace splitbrain
