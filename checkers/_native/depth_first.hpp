// Searching depth first.
#pragma once

#include <algorithm>
#include <vector>

#include "configurations.hpp"
#include "window.hpp"

namespace splitbrain {

enum class Outcome : int { valid = 0, invalid = 1, unknown = 2 };

// Follows one order at a time and goes back where it fails. Fast where there is a linearization.
template <class Model, int Words>
class DepthFirst {
public:
    DepthFirst(Model& model, const Events& events, const Layout& layout, unsigned rules, Meter& meter)
        : window_(model, events, layout, rules), seen_(window_.words(), window_.classes(), rules & dominance),
          meter_(meter) {
        // Of memory that is only reserved nothing is taken; but to move it while it grows would take long.
        window_.order.reserve(layout.slot.size());
        frames_.reserve(layout.slot.size() + 1);
        masks_.reserve((layout.slot.size() + 1) * window_.words());
    }

    // Decides, unless by then it has held `limit` configurations, or in this call `patience` of them since it last got
    // any further. Can be called again.
    Outcome run(uint64_t limit, uint64_t patience) {
        held_at_deepest_ = seen_.size();
        if (!started_) {
            started_ = true;
            if (arrive()) return Outcome::valid;
        }
        while (!frames_.empty()) {
            if (seen_.size() >= limit || seen_.size() - held_at_deepest_ >= patience) return Outcome::unknown;
            meter_.tick();
            take_back();
            if (choices_.size() == frames_.back().first_choice) {
                frames_.pop_back();
                masks_.resize(masks_.size() - window_.words());
                continue;
            }
            Frame& frame = frames_.back();
            frame.taken = choices_.back();
            choices_.pop_back();
            window_.apply(position_, frame.taken);
            if (arrive()) return Outcome::valid;
        }
        return Outcome::invalid;
    }

    std::vector<int32_t>& order() { return window_.order; }
    uint64_t configurations() const { return seen_.size(); }
    int32_t deepest() const { return deepest_; }
    uint64_t bytes() const {
        return seen_.bytes() + frames_.size() * sizeof(Frame) + masks_.size() * sizeof(uint64_t) +
               (choices_.capacity() + window_.order.size()) * sizeof(int32_t);
    }

private:
    using Choice = typename Window<Model, Words>::Choice;
    static constexpr Choice nothing = std::numeric_limits<Choice>::max();

    // A configuration at a return that its operation is not ready for. Its choices left are on the common stack.
    struct Frame {
        int32_t position, state;
        size_t order_size, first_choice;
        Choice taken;
    };

    // Go on to the first return of an operation that is not linearized. Whether there was none.
    bool arrive() {
        const Events& events = window_.events;
        const auto end = static_cast<int32_t>(events.size());
        for (; position_ < end; ++position_) {
            meter_.tick();
            const int32_t event = events[position_];
            if (event >= 0) {
                window_.enter(event);
                window_.absorb(event);
            } else if (window_.is_linearized(~event)) {
                window_.forget(~event);
                window_.leave(~event);
            } else {
                break;
            }
        }
        if (position_ > deepest_) {
            deepest_ = position_;
            held_at_deepest_ = seen_.size();
        }
        if (position_ == end) return true;
        if (seen_.add(position_, window_.state, window_.mask.data(), window_.used)) {
            frames_.push_back({position_, window_.state, window_.order.size(), choices_.size(), nothing});
            masks_.insert(masks_.end(), window_.mask.begin(), window_.mask.end());
            window_.choices(position_, ~events[position_], choices_);
        }
        return false;
    }

    // Back to the configuration of the last frame.
    void take_back() {
        Frame& frame = frames_.back();
        while (position_ > frame.position) {
            meter_.tick();
            window_.undo(window_.events[--position_]);
        }
        window_.state = frame.state;
        std::copy(masks_.end() - window_.words(), masks_.end(), window_.mask.begin());
        window_.order.resize(frame.order_size);
        if (frame.taken < 0) --window_.used[~frame.taken];
        frame.taken = nothing;
    }

    Window<Model, Words> window_;
    Configurations seen_;
    Meter& meter_;
    int32_t position_ = 0, deepest_ = 0;
    uint64_t held_at_deepest_ = 0;
    bool started_ = false;
    std::vector<Frame> frames_;
    std::vector<uint64_t> masks_;
    std::vector<Choice> choices_;
};

}  // namespace splitbrain
