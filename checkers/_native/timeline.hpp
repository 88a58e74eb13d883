// The events of a history in order.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "columns.hpp"
#include "meter.hpp"

namespace splitbrain {

// An event is an operation's number for its call, and the complement of that for its return.
using Events = std::vector<int32_t>;

inline int32_t last_position(const Times& times, Meter& meter) {
    int32_t last = 0;
    for (int32_t i = 0; i < times.size; ++i) {
        meter.tick();
        last = std::max(last, times.call[i]);
        if (!times.pending(i)) last = std::max(last, times.ret[i]);
    }
    return last;
}

// All calls, and the returns of completed operations, by position; at the same position calls come first.
inline Events events_of(const Times& times, Meter& meter) {
    const int64_t last = last_position(times, meter);
    size_t total = 0;
    for (int32_t i = 0; i < times.size; ++i) {
        meter.tick();
        total += times.pending(i) ? 1 : 2;
    }
    auto each = [&](auto visit) {
        for (int32_t i = 0; i < times.size; ++i) {
            meter.tick();
            visit(2 * static_cast<int64_t>(times.call[i]), i);
            if (!times.pending(i)) visit(2 * static_cast<int64_t>(times.ret[i]) + 1, ~i);
        }
    };
    if (2 * last < 16 * static_cast<int64_t>(total) + 64) {
        meter.hold((2 * static_cast<size_t>(last) + 3 + total) * sizeof(int32_t));
        Events events = filled<int32_t>(total, 0, meter);
        std::vector<uint32_t> place = filled<uint32_t>(2 * static_cast<size_t>(last) + 3, 0, meter);
        each([&place](int64_t key, int32_t) { ++place[key + 1]; });
        for (size_t i = 1; i < place.size(); ++i) {
            meter.tick();
            place[i] += place[i - 1];
        }
        each([&](int64_t key, int32_t event) { events[place[key]++] = event; });
        return events;
    }
    using Keyed = std::pair<int64_t, int32_t>;
    meter.hold(total * (sizeof(Keyed) + sizeof(int32_t)));
    std::vector<Keyed> keyed;
    keyed.reserve(total);
    each([&keyed](int64_t key, int32_t event) { keyed.emplace_back(key, event); });
    std::sort(keyed.begin(), keyed.end(), [&meter](const Keyed& x, const Keyed& y) {
        meter.tick();
        return x.first != y.first ? x.first < y.first : std::max(x.second, ~x.second) < std::max(y.second, ~y.second);
    });
    Events events(total);
    std::transform(keyed.begin(), keyed.end(), events.begin(), [](auto& pair) { return pair.second; });
    return events;
}

}  // namespace splitbrain
