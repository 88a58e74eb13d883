// What a search may use, and how it is told to stop.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace splitbrain {

enum class Reason : int { none = 0, time = 1, configurations = 2, memory = 3, stopped = 4 };

// Thrown where a budget is used up.
struct Spent {
    Reason reason;
};

// Asks now and then whether to go on: `pulse` looks at the clock and at whoever wants the search to stop.
class Meter {
public:
    Meter(std::function<Reason()> pulse, uint64_t bytes) : pulse_(std::move(pulse)), bytes_(bytes) {}

    // Call it at every step, of whatever takes less than some ten microseconds.
    void tick() {
        if (++ticks_ % 1024 == 0) look();
    }

    void look() {
        if (held_) hold(held_());
        const Reason reason = pulse_();
        if (reason != Reason::none) throw Spent{reason};
    }

    // So much memory is held, or about to be.
    void hold(uint64_t bytes) const {
        if (bytes > bytes_) throw Spent{Reason::memory};
    }

    // From now on `held` knows how much memory is held.
    void watch(std::function<uint64_t()> held) { held_ = std::move(held); }

private:
    std::function<Reason()> pulse_;
    std::function<uint64_t()> held_;
    uint64_t bytes_, ticks_ = 0;
};

// So many elements of this value. Memory takes its time when it is first touched, so this is done bit by bit.
template <class Element>
std::vector<Element> filled(size_t size, Element value, Meter& meter) {
    constexpr size_t bit = size_t{1} << 20;
    std::vector<Element> elements;
    elements.reserve(size);
    while (elements.size() < size) {
        elements.resize(std::min(size, elements.size() + bit / sizeof(Element)), value);
        meter.look();
    }
    return elements;
}

}  // namespace splitbrain
