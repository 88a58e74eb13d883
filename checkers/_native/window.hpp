// One configuration of a search, the operations that are open around it, and the rules by which it goes on.
#pragma once

#include <algorithm>
#include <vector>

#include "layout.hpp"

namespace splitbrain {

// Just-in-time linearization (Lowe, "Testing for linearizability", 2017) in a window: a configuration is a state, a
// mask of those open operations that are linearized, and how often each class of pending operations was used. An open
// operation has a slot in the mask from its call to its return, so a mask is as wide as the concurrency.
//
// `Words` is the number of words of a mask, where that is known; 0 where it is not.
template <class Model, int Words>
class Window {
public:
    // An open operation's number, or the complement of a class of pending ones.
    using Choice = int32_t;

    Window(Model& model, const Events& events, const Layout& layout, unsigned rules)
        : model(model), events(events), layout(layout), rules(rules), state(model.initial()), mask(layout.words()),
          used(layout.members.size()), words_(layout.words()), occupant_(layout.slots), available_(used.size()),
          open_(words()), open_pure_(words()) {}

    int words() const { return Words ? Words : words_; }
    int classes() const { return static_cast<int>(used.size()); }

    // --- the window ---

    void enter(int32_t operation) {
        const int32_t slot = layout.slot[operation];
        if (slot == Layout::ignored) return;
        if (slot < 0) {
            ++available_[~slot];
            return;
        }
        occupant_[slot] = operation;
        set(open_, slot);
        if (model.is_pure(operation)) set(open_pure_, slot);
    }

    void leave(int32_t operation) {
        clear(open_, layout.slot[operation]);
        clear(open_pure_, layout.slot[operation]);
    }

    void undo(int32_t event) {
        if (event < 0) {
            enter(~event);
        } else if (layout.slot[event] >= 0) {
            leave(event);
        } else if (layout.slot[event] != Layout::ignored) {
            --available_[~layout.slot[event]];
        }
    }

    // --- the configuration ---

    bool is_linearized(int32_t operation) const { return is_linearized_in(mask.data(), operation); }
    bool is_linearized_in(const uint64_t* in, int32_t operation) const {
        return in[layout.slot[operation] >> 6] >> (layout.slot[operation] & 63) & 1;
    }

    void forget(int32_t operation) { forget_in(mask.data(), operation); }
    void forget_in(uint64_t* in, int32_t operation) const {
        in[layout.slot[operation] >> 6] &= ~(uint64_t{1} << (layout.slot[operation] & 63));
    }

    // Rule G: an operation that changes no state is linearized as soon as it is possible.
    void absorb(int32_t operation) {
        if (!(rules & greedy) || layout.slot[operation] < 0 || !model.is_pure(operation)) return;
        if (model.step(state, operation) == state) linearize(operation);
    }

    // The ways to go on towards the return of `target`, the most promising last.
    void choices(int32_t position, int32_t target, std::vector<Choice>& found) {
        candidates_.clear();
        const bool pure_never = Model::is_register && (rules & greedy);
        for (int i = 0; i < words(); ++i) {
            for (uint64_t left = open_[i] & ~mask[i] & ~(pure_never ? open_pure_[i] : 0); left; left &= left - 1)
                consider(position, target, occupant_[64 * i + __builtin_ctzll(left)]);
        }
        std::sort(candidates_.begin(), candidates_.end(), std::greater<>());
        const size_t first = found.size();
        for (int32_t c = 0; c < classes(); ++c)
            if (used[c] < available_[c] && is_useful(position, c)) found.push_back(~c);
        const size_t first_open = found.size();
        for (size_t i = 0; i < candidates_.size(); ++i)
            if (!(rules & symmetry) || is_first_of_its_kind(i)) found.push_back(candidates_[i].operation);
        // A pending operation that helps the target comes before an open one that does not.
        if (first_open > first && !candidates_.empty() && !candidates_.back().helps) promote(target, found, first);
    }

    // Take the choice; what is linearized is added to `order`.
    void apply(int32_t position, Choice choice) {
        const int32_t operation = choice < 0 ? layout.members[~choice][used[~choice]] : choice;
        const int32_t next = model.step(state, operation);
        if constexpr (Model::is_register) {
            if ((rules & dead) && !model.outlook.any_differs && model.columns.kind[operation] == write)
                squeeze_in(position, operation);
        }
        state = next;
        if (choice < 0) {
            ++used[~choice];
            order.push_back(operation);
        } else {
            linearize(operation);
        }
        absorb_all();
    }

    Model& model;
    const Events& events;
    const Layout& layout;
    const unsigned rules;
    int32_t state;
    std::vector<uint64_t> mask;
    std::vector<uint16_t> used;
    std::vector<int32_t> order;

private:
    struct Candidate {
        bool helps;  // after it the target is possible
        int32_t returns;
        int32_t operation;

        bool operator>(const Candidate& other) const {
            return helps != other.helps ? other.helps : returns > other.returns;
        }
    };

    static void set(std::vector<uint64_t>& set, int32_t slot) { set[slot >> 6] |= uint64_t{1} << (slot & 63); }
    static void clear(std::vector<uint64_t>& set, int32_t slot) { set[slot >> 6] &= ~(uint64_t{1} << (slot & 63)); }

    void linearize(int32_t operation) {
        set(mask, layout.slot[operation]);
        order.push_back(operation);
    }

    void absorb_all() {
        if (!(rules & greedy)) return;
        for (int i = 0; i < words(); ++i)
            for (uint64_t left = open_pure_[i] & ~mask[i]; left; left &= left - 1) {
                const int32_t operation = occupant_[64 * i + __builtin_ctzll(left)];
                if (model.step(state, operation) == state) linearize(operation);
            }
    }

    template <class Visit>
    bool any_open(Visit is_wanted) const {
        for (int i = 0; i < words(); ++i)
            for (uint64_t left = open_[i] & ~mask[i]; left; left &= left - 1)
                if (is_wanted(occupant_[64 * i + __builtin_ctzll(left)])) return true;
        return false;
    }

    void consider(int32_t position, int32_t target, int32_t operation) {
        const int32_t next = model.step(state, operation);
        if (next < 0 || ((rules & live) && is_doomed(position, operation, next))) return;
        const bool helps = operation == target || (Model::is_register && model.step(next, target) >= 0);
        candidates_.push_back({helps, operation == target ? -1 : layout.returns[operation], operation});
    }

    // Rule S: of operations that differ in nothing but time, the one that returns first is enough.
    bool is_first_of_its_kind(size_t i) const {
        for (size_t j = 0; j < candidates_.size(); ++j) {
            const int32_t x = candidates_[i].operation, y = candidates_[j].operation;
            if (layout.returns[y] < layout.returns[x] && model.identity(x) == model.identity(y)) return false;
        }
        return true;
    }

    // Whether a pending operation can lead to anything that is not possible without it.
    bool is_useful(int32_t position, int32_t c) {
        const int32_t operation = layout.members[c][used[c]];
        const int32_t next = model.step(state, operation);
        if (next < 0 || next == state) return false;
        if constexpr (Model::is_register) {
            if ((rules & dominance) && !is_wanted(next)) return false;
        }
        return !(rules & live) || !is_doomed(position, operation, next);
    }

    // Whether anybody may observe the value before the return that is waited for: if not, the next to act on it
    // overwrites it blindly, or what observes it can wait, and the pending operation with it.
    bool is_wanted(int32_t value) const {
        const Outlook& outlook = model.outlook;
        if (outlook.any_differs || outlook.pending_taker[value]) return true;
        return any_open([&](int32_t operation) {
            const uint8_t kind = model.columns.kind[operation];
            return (kind == read || kind == cas) && model.columns.a[operation] == value;
        });
    }

    // Rule L: the operation overwrites a value that somebody must still find, and that nobody can bring back.
    bool is_doomed(int32_t position, int32_t operation, int32_t next) const {
        if constexpr (Model::is_register) {
            if (next == state) return false;
            const Outlook& outlook = model.outlook;
            if (outlook.pending_producer[state] || outlook.last_producer_call[state] >= position) return false;
            const Register& columns = model.columns;
            bool observer = outlook.last_observer_call[state] >= position, producer = false;
            any_open([&](int32_t other) {
                if (other == operation) return false;
                const uint8_t kind = columns.kind[other];
                if (kind == cas || kind == read) observer |= columns.a[other] == state;
                if (kind == cas || kind == write) producer |= columns.b[other] == state;
                return producer;
            });
            return observer && !producer;
        }
        return false;
    }

    // Rule D: before a blind write come those open ones whose value nobody will find but reads open now, with these.
    void squeeze_in(int32_t position, int32_t write_operation) {
        if constexpr (Model::is_register) {
            const Register& columns = model.columns;
            const Outlook& outlook = model.outlook;
            for (int i = 0; i < words(); ++i)
                for (uint64_t left = open_[i] & ~mask[i]; left; left &= left - 1) {
                    const int32_t operation = occupant_[64 * i + __builtin_ctzll(left)];
                    if (operation == write_operation || columns.kind[operation] != write) continue;
                    const int32_t value = columns.b[operation];
                    if (outlook.pending_taker[value] || outlook.last_taker_return[value] >= position) continue;
                    if (outlook.last_read_call[value] >= position) continue;
                    linearize(operation);
                    linearize_reads_of(value);
                }
        }
    }

    void linearize_reads_of(int32_t value) {
        for (int i = 0; i < words(); ++i)
            for (uint64_t left = open_pure_[i] & ~mask[i]; left; left &= left - 1) {
                const int32_t operation = occupant_[64 * i + __builtin_ctzll(left)];
                if (model.step(value, operation) == value) linearize(operation);
            }
    }

    void promote(int32_t target, std::vector<Choice>& found, size_t first) {
        if constexpr (Model::is_register) {
            for (size_t i = found.size(); i-- > first;) {
                if (found[i] >= 0) continue;
                const int32_t c = ~found[i];
                if (model.step(model.step(state, layout.members[c][used[c]]), target) < 0) continue;
                const Choice choice = found[i];
                found.erase(found.begin() + static_cast<std::ptrdiff_t>(i));
                found.push_back(choice);
                return;
            }
        }
    }

    const int words_;
    std::vector<int32_t> occupant_;    // of each slot
    std::vector<uint16_t> available_;  // how many of each class have been called
    std::vector<uint64_t> open_, open_pure_;
    std::vector<Candidate> candidates_;
};

}  // namespace splitbrain
