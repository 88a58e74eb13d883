// Process numbers for the operations of foreign recorders: what formats/processes.py does.
#pragma once

#include <unordered_map>
#include <vector>

#include "scan.hpp"

namespace splitbrain {

class Processes {
public:
    struct Split {
        int64_t count = 0, line = 0, name = 0;
    };
    // The operations that went onto fresh processes: after one of unknown outcome, and while another one was open.
    Split after_unknown, while_open;

    // A process of the recorder, whether it invokes anything or not.
    void see(int64_t name) {
        require(name > first_fresh / 2 && name < -(first_fresh / 2));
        if (name > last_) last_ = name;
    }

    // The number for an operation of the process, which is invoked on that line; see `number_of`.
    int64_t take(int64_t name, int64_t line) {
        Thread& thread = threads_[name];
        if (!thread.known) thread = {true, 0, {name}};
        Split& split = thread.open ? while_open : after_unknown;
        ++thread.open;
        if (!thread.free.empty()) {
            const int64_t number = thread.free.back();
            thread.free.pop_back();
            return number;
        }
        if (!split.count++) split.line = line, split.name = name;
        return next_++;
    }

    void give_back(int64_t name, int64_t number) {
        Thread& thread = threads_[name];
        --thread.open;
        thread.free.push_back(number);
    }

    void retire(int64_t name) { --threads_[name].open; }

    // What was taken for a number, once all processes have been seen.
    int64_t number_of(int64_t taken) const { return taken < first_fresh / 2 ? last_ + 1 + (taken - first_fresh) : taken; }

private:
    static constexpr int64_t first_fresh = INT64_MIN;

    struct Thread {
        bool known = false;
        int64_t open = 0;
        std::vector<int64_t> free;
    };

    std::unordered_map<int64_t, Thread> threads_;
    int64_t next_ = first_fresh, last_ = INT64_MIN;
};

}  // namespace splitbrain
