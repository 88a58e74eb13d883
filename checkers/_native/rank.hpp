// From times to positions.
#pragma once

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

#include "columns.hpp"
#include "meter.hpp"

namespace splitbrain {

// The time of a return that never came.
constexpr int64_t no_time = std::numeric_limits<int64_t>::max();

// Operations in the order of their calls, with the positions of these and of their returns among all. At the same time
// calls come before returns, so that operations that only touch each other are concurrent.
class Ranked {
public:
    std::vector<int32_t> order, call, ret;

    Ranked(const int64_t* calls, const int64_t* returns, int32_t size, Meter& meter) : meter_(meter) {
        meter.hold(uint64_t{48} * static_cast<uint64_t>(size));
        std::vector<Entry> by_call, by_return;
        by_call.reserve(size);
        for (int32_t i = 0; i < size; ++i) {
            meter.tick();
            if (returns[i] < calls[i]) throw std::invalid_argument("an operation returns before its call");
            by_call.push_back({calls[i], i});
        }
        sort(by_call);
        order.reserve(size), call.reserve(size);
        ret = filled<int32_t>(size, never, meter);
        by_return.reserve(size);
        for (int32_t i = 0; i < size; ++i) {
            meter.tick();
            order.push_back(by_call[i].operation);
            if (returns[order[i]] != no_time) by_return.push_back({returns[order[i]], i});
        }
        sort(by_return);
        int32_t position = 0;
        auto next = by_return.begin();
        for (const Entry& each : by_call) {
            meter.tick();
            for (; next != by_return.end() && next->time < each.time; ++next) ret[next->operation] = position++;
            call.push_back(position++);
        }
        for (; next != by_return.end(); ++next) {
            meter.tick();
            ret[next->operation] = position++;
        }
    }

private:
    struct Entry {
        int64_t time;
        int32_t operation;
    };

    // By time, and as they were where that is the same: by digits, from the last one on.
    void sort(std::vector<Entry>& entries) {
        const auto earlier = [this](const Entry& x, const Entry& y) {
            meter_.tick();
            return x.time < y.time;
        };
        if (std::is_sorted(entries.begin(), entries.end(), earlier)) return;
        const auto [first, last] = std::minmax_element(entries.begin(), entries.end(), earlier);
        const auto least = static_cast<uint64_t>(first->time);
        const uint64_t range = static_cast<uint64_t>(last->time) - least;
        std::vector<Entry> other = filled<Entry>(entries.size(), {}, meter_);
        constexpr int bits = 11;
        for (int shift = 0; shift < 64 && range >> shift; shift += bits) {
            const auto digit = [=](const Entry& entry) {
                return (static_cast<uint64_t>(entry.time) - least) >> shift & ((1 << bits) - 1);
            };
            std::array<uint32_t, (1 << bits) + 1> place{};
            for (const Entry& entry : entries) {
                meter_.tick();
                ++place[digit(entry) + 1];
            }
            for (size_t i = 1; i < place.size(); ++i) place[i] += place[i - 1];
            for (const Entry& entry : entries) {
                meter_.tick();
                other[place[digit(entry)]++] = entry;
            }
            entries.swap(other);
        }
    }

    Meter& meter_;
};

}  // namespace splitbrain
