// The models that the search knows: a register, and any model as a table of steps.
#pragma once

#include <functional>
#include <tuple>
#include <vector>

#include "columns.hpp"
#include "timeline.hpp"

namespace splitbrain {

// The rules that spare work, to be switched off one by one for comparison. None of them changes an answer.
enum Rule : unsigned { greedy = 1, symmetry = 2, dead = 4, live = 8, dominance = 16 };

// What is still to come for each value of a register, in positions of events; -1 for nothing.
struct Outlook {
    std::vector<int32_t> last_read_call;      // of completed reads
    std::vector<int32_t> last_observer_call;  // of completed reads and compare-and-sets from it
    std::vector<int32_t> last_taker_return;   // of completed compare-and-sets from it
    std::vector<int32_t> last_producer_call;  // of operations that leave it
    std::vector<bool> pending_taker, pending_producer;
    bool any_differs = false;

    Outlook(const Register& columns, const Events& events, Meter& meter)
        : last_read_call(columns.values, -1), last_observer_call(columns.values, -1),
          last_taker_return(columns.values, -1), last_producer_call(columns.values, -1),
          pending_taker(columns.values), pending_producer(columns.values) {
        for (size_t i = 0; i < events.size(); ++i) {
            meter.tick();
            note(columns, events[i], static_cast<int32_t>(i));
        }
    }

private:
    void note(const Register& columns, int32_t event, int32_t position) {
        const int32_t operation = event < 0 ? ~event : event;
        const uint8_t kind = columns.kind[operation];
        const int32_t a = columns.a[operation], b = columns.b[operation];
        const bool pending = columns.times.pending(operation);
        if (event < 0) {
            if (kind == cas) last_taker_return[a] = position;
            return;
        }
        if (kind == write || kind == cas) last_producer_call[b] = position;
        if (pending) {
            if (kind == write || kind == cas) pending_producer[b] = true;
            if (kind == cas) pending_taker[a] = true;
            return;
        }
        if (kind == read) last_read_call[a] = position;
        if (kind == read || kind == cas) last_observer_call[a] = position;
        if (kind == differs) any_differs = true;
    }
};

// States are the values.
class RegisterModel {
public:
    static constexpr bool is_register = true;

    RegisterModel(const Register& columns, const Events& events, Meter& meter)
        : columns(columns), outlook(columns, events, meter) {}

    int32_t initial() const { return columns.initial; }
    int32_t step(int32_t state, int32_t operation) const { return columns.step(state, operation); }
    bool is_pure(int32_t operation) const {
        return columns.kind[operation] == read || columns.kind[operation] == differs;
    }
    auto identity(int32_t operation) const {
        return std::tuple(columns.kind[operation], columns.a[operation], columns.b[operation]);
    }

    uint64_t bytes() const { return static_cast<uint64_t>(columns.values) * 4 * sizeof(int32_t); }

    const Register columns;
    const Outlook outlook;
};

// Any model: operations with the same code step alike. A step that is not in the table yet is asked for.
class TableModel {
public:
    static constexpr bool is_register = false;
    using Ask = std::function<int32_t(int32_t state, int32_t code)>;

    TableModel(const int32_t* codes, const uint8_t* pure, int32_t initial, Ask ask)
        : codes_(codes), pure_(pure), initial_(initial), ask_(std::move(ask)), slots_(1024, Slot{vacant, 0}) {}

    int32_t initial() const { return initial_; }

    int32_t step(int32_t state, int32_t operation) {
        const int32_t code = codes_[operation];
        const uint64_t key = static_cast<uint64_t>(static_cast<uint32_t>(state)) << 32 | static_cast<uint32_t>(code);
        size_t at = place_of(key);
        if (slots_[at].key != key) {
            const int32_t next = ask_(state, code);
            if (++count_ * 4 > slots_.size() * 3) grow();
            at = place_of(key);
            slots_[at] = {key, next};
        }
        return slots_[at].next;
    }

    bool is_pure(int32_t operation) const { return pure_[codes_[operation]]; }
    int32_t identity(int32_t operation) const { return codes_[operation]; }
    uint64_t bytes() const { return slots_.size() * sizeof(Slot); }

private:
    struct Slot {
        uint64_t key;
        int32_t next;
    };
    static constexpr uint64_t vacant = ~uint64_t{0};

    size_t place_of(uint64_t key) const {
        const uint64_t hash = key * 0x9e3779b97f4a7c15;
        size_t at = (hash ^ hash >> 32) & (slots_.size() - 1);
        while (slots_[at].key != key && slots_[at].key != vacant) at = (at + 1) & (slots_.size() - 1);
        return at;
    }

    void grow() {
        std::vector<Slot> before(slots_.size() * 2, Slot{vacant, 0});
        before.swap(slots_);
        for (const Slot& slot : before)
            if (slot.key != vacant) slots_[place_of(slot.key)] = slot;
    }

    const int32_t* codes_;
    const uint8_t* pure_;
    int32_t initial_;
    Ask ask_;
    std::vector<Slot> slots_;
    size_t count_ = 0;
};

}  // namespace splitbrain
