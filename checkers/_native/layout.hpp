// Where each operation of a history has its place in a configuration.
#pragma once

#include <map>
#include <vector>

#include "models.hpp"

namespace splitbrain {

// A slot to each completed operation from its call to its return, so that there are no more of them than operations
// are open at once; a class to each pending one that can matter: those of a class do the same.
struct Layout {
    static constexpr int32_t ignored = std::numeric_limits<int32_t>::min();

    template <class Model>
    Layout(const Model& model, const Times& times, const Events& events, unsigned rules, Meter& meter) {
        meter.hold(2 * sizeof(int32_t) * static_cast<uint64_t>(times.size));
        slot = filled<int32_t>(times.size, 0, meter);
        returns = filled<int32_t>(times.size, never, meter);
        std::map<decltype(model.identity(0)), int32_t> classes;
        std::vector<int32_t> free;
        for (size_t i = 0; i < events.size(); ++i) {
            meter.tick();
            const int32_t event = events[i];
            if (event < 0) {
                free.push_back(slot[~event]);
                returns[~event] = static_cast<int32_t>(i);
            } else if (!times.pending(event)) {
                if (free.empty()) free.push_back(slots++);
                slot[event] = free.back();
                free.pop_back();
            } else {
                slot[event] = model.is_pure(event) ? ignored : ~class_of(model, event, classes, rules);
            }
        }
    }

    int words() const { return slots <= 64 ? 1 : (slots + 63) / 64; }
    uint64_t bytes() const { return (slot.capacity() + returns.capacity()) * sizeof(int32_t); }

    int32_t slots = 0;
    std::vector<int32_t> slot;                  // of a pending operation the complement of its class
    std::vector<int32_t> returns;               // the places of their events
    std::vector<std::vector<int32_t>> members;  // of each class, by call

private:
    template <class Model, class Classes>
    int32_t class_of(const Model& model, int32_t operation, Classes& classes, unsigned rules) {
        auto [found, is_new] = classes.try_emplace(model.identity(operation), 0);
        // Without symmetry a class of its own for each; and a new one when a count would no longer fit 16 bits.
        if (is_new || !(rules & symmetry) || members[found->second].size() == UINT16_MAX) {
            found->second = static_cast<int32_t>(members.size());
            members.emplace_back();
        }
        members[found->second].push_back(operation);
        return found->second;
    }
};

}  // namespace splitbrain
