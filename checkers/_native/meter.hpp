// What a search may use, and how it is told to stop.
#pragma once

#include <cstdint>
#include <functional>

namespace splitbrain {

enum class Reason : int { none = 0, time = 1, configurations = 2, memory = 3, stopped = 4 };

// Thrown where a budget is used up.
struct Spent {
    Reason reason;
};

struct Limits {
    uint64_t configurations;
    uint64_t bytes;
};

// Asks now and then whether to go on: `pulse` looks at the clock and at whoever wants the search to stop.
class Meter {
public:
    explicit Meter(std::function<Reason()> pulse) : pulse_(std::move(pulse)) {}

    void tick() {
        if (++ticks_ % 1024 == 0) look();
    }

    void look() {
        Reason reason = pulse_();
        if (reason != Reason::none) throw Spent{reason};
    }

private:
    std::function<Reason()> pulse_;
    uint64_t ticks_ = 0;
};

}  // namespace splitbrain
