// Whether an order of operations on a register is a linearization: shares nothing with the engines.
#pragma once

#include <vector>

#include "columns.hpp"
#include "meter.hpp"

namespace splitbrain {

// It is if every completed operation occurs once and others at most once, no operation comes after one that was called
// when it had returned, and the register allows each.
inline bool is_linearization(const Register& columns, const int32_t* order, size_t size, Meter& meter) {
    std::vector<bool> seen = filled<bool>(columns.times.size, false, meter);
    int32_t latest_call = -1, value = columns.initial;
    for (size_t place = 0; place < size; ++place) {
        meter.tick();
        const int32_t operation = order[place];
        if (operation < 0 || operation >= columns.times.size || seen[operation]) return false;
        seen[operation] = true;
        if (columns.times.ret[operation] < latest_call) return false;
        if (columns.times.call[operation] > latest_call) latest_call = columns.times.call[operation];
        value = columns.step(value, operation);
        if (value < 0) return false;
    }
    for (int32_t i = 0; i < columns.times.size; ++i) {
        meter.tick();
        if (!seen[i] && !columns.times.pending(i)) return false;
    }
    return true;
}

}  // namespace splitbrain
