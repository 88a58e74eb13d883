// The general engine: depth first and breadth first by turns, so that it is never much slower than the better of them.
#pragma once

#include <algorithm>
#include <vector>

#include "configurations.hpp"
#include "meter.hpp"
#include "window.hpp"

namespace splitbrain {

enum class Outcome : int { valid = 0, invalid = 1, unknown = 2 };

struct Answer {
    Outcome outcome = Outcome::unknown;
    bool breadth_first = false;     // which of the two gave the answer
    Reason reason = Reason::none;   // why it is unknown
    std::vector<int32_t> order;     // a linearization, if valid
    int32_t position = 0;           // the event reached; breadth first: the one at which no configuration was left
    std::vector<int32_t> states;    // breadth first, invalid: those that were possible just before that event
    uint64_t configurations = 0;
};

// Follows one order at a time and goes back where it fails. Fast where there is a linearization.
template <class Model, int Words>
class DepthFirst {
public:
    DepthFirst(Model& model, const Times& times, const Events& events, unsigned rules, Meter& meter)
        : window_(model, times, events, rules), seen_(window_.words(), window_.classes(), rules & dominance),
          meter_(meter) {}

    // Decides, unless it has held `limit` configurations by then; can be called again.
    Outcome run(uint64_t limit) {
        if (!started_) {
            started_ = true;
            if (arrive()) return Outcome::valid;
        }
        while (!frames_.empty()) {
            if (seen_.size() >= limit) return Outcome::unknown;
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
        return seen_.bytes() + frames_.capacity() * sizeof(Frame) + masks_.capacity() * sizeof(uint64_t) +
               (choices_.capacity() + window_.order.capacity()) * sizeof(int32_t);
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
        deepest_ = std::max(deepest_, position_);
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
        while (position_ > frame.position) window_.undo(window_.events[--position_]);
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
    bool started_ = false;
    std::vector<Frame> frames_;
    std::vector<uint64_t> masks_;
    std::vector<Choice> choices_;
};

// Passes the events with all configurations at once. Fast where there is no order, and knows when it went wrong.
template <class Model, int Words>
class BreadthFirst {
public:
    BreadthFirst(Model& model, const Times& times, const Events& events, unsigned rules, Meter& meter)
        : window_(model, times, events, rules), seen_(window_.words(), window_.classes(), rules & dominance),
          level_(window_.words(), window_.classes()), next_(level_), work_(level_), meter_(meter) {
        level_.push(window_, -1, 0);
    }

    // Decides, unless it has looked at `limit` configurations by then; can be called again.
    Outcome run(uint64_t limit) {
        for (; position_ < static_cast<int32_t>(window_.events.size()); ++position_) {
            meter_.tick();
            const int32_t event = window_.events[position_];
            if (event >= 0) {
                call(event);
                continue;
            }
            if (!pass(~event)) {
                if (!return_from(~event, limit)) return Outcome::unknown;
                if (next_.size() == 0) return Outcome::invalid;
                std::swap(level_, next_);
            }
            window_.leave(~event);
            if (trail_.size() > 2 * trail_kept_ + (1 << 20)) compact();
        }
        return Outcome::valid;
    }

    std::vector<int32_t> order() const {
        std::vector<int32_t> order;
        for (int32_t at = level_.trail[0]; at >= 0; at = trail_[at].before) order.push_back(trail_[at].operation);
        std::reverse(order.begin(), order.end());
        return order;
    }

    std::vector<int32_t> states() const {
        std::vector<int32_t> states(level_.state);
        std::sort(states.begin(), states.end());
        states.erase(std::unique(states.begin(), states.end()), states.end());
        return states;
    }

    int32_t position() const { return position_; }
    uint64_t configurations() const { return looked_at_; }
    uint64_t bytes() const {
        return seen_.bytes() + level_.bytes() + next_.bytes() + work_.bytes() + trail_.capacity() * sizeof(Step);
    }

private:
    struct Step {
        int32_t before, operation;
    };

    // Configurations in columns. `total` is how many pending operations were used, `trail` how it came about.
    struct Level {
        Level(int words, int classes) : words(words), classes(classes) {}

        size_t size() const { return state.size(); }
        size_t bytes() const {
            return state.capacity() * 12 + masks.capacity() * sizeof(uint64_t) + used.capacity() * sizeof(uint16_t);
        }

        void clear() {
            state.clear(), trail.clear(), total.clear(), masks.clear(), used.clear();
        }

        void push(const Window<Model, Words>& window, int32_t last, int32_t pending) {
            state.push_back(window.state), trail.push_back(last), total.push_back(pending);
            masks.insert(masks.end(), window.mask.begin(), window.mask.end());
            used.insert(used.end(), window.used.begin(), window.used.end());
        }

        void load(size_t i, Window<Model, Words>& window) const {
            window.state = state[i];
            std::copy_n(masks.begin() + static_cast<std::ptrdiff_t>(i * words), words, window.mask.begin());
            std::copy_n(used.begin() + static_cast<std::ptrdiff_t>(i * classes), classes, window.used.begin());
            window.order.clear();
        }

        size_t words, classes;
        std::vector<int32_t> state, trail, total;
        std::vector<uint64_t> masks;
        std::vector<uint16_t> used;
    };

    void call(int32_t operation) {
        window_.enter(operation);
        if (!(window_.rules & greedy) || !window_.model.is_pure(operation)) return;
        for (size_t i = 0; i < level_.size(); ++i) {
            level_.load(i, window_);
            window_.absorb(operation);
            if (window_.order.empty()) continue;
            level_.trail[i] = extend(level_.trail[i]);
            std::copy(window_.mask.begin(), window_.mask.end(),
                      level_.masks.begin() + static_cast<std::ptrdiff_t>(i * level_.words));
        }
    }

    // Go on with the same configurations if the operation is linearized in all of them.
    bool pass(int32_t operation) {
        for (size_t i = 0; i < level_.size(); ++i)
            if (!window_.is_linearized_in(level_.masks.data() + i * level_.words, operation)) return false;
        for (size_t i = 0; i < level_.size(); ++i)
            window_.forget_in(level_.masks.data() + i * level_.words, operation);
        return true;
    }

    // The configurations in which the operation is linearized; false when the limit was reached before all are found.
    bool return_from(int32_t operation, uint64_t limit) {
        next_.clear();
        work_.clear();
        seen_.clear();
        for (auto& bucket : buckets_) bucket.clear();
        for (size_t i = 0; i < level_.size(); ++i) {
            level_.load(i, window_);
            enqueue(level_.trail[i], level_.total[i]);
        }
        // Those that used fewer pending operations come first, so that none is kept that a later one dominates.
        for (size_t total = 0; total < buckets_.size(); ++total)
            for (size_t k = 0; k < buckets_[total].size(); ++k) {
                if (looked_at_ >= limit) return false;
                meter_.tick();
                const size_t i = buckets_[total][k];
                work_.load(i, window_);
                if (!seen_.add(position_, window_.state, window_.mask.data(), window_.used)) continue;
                ++looked_at_;
                if (window_.is_linearized(operation)) {
                    window_.forget(operation);
                    next_.push(window_, work_.trail[i], work_.total[i]);
                } else {
                    expand(i, operation);
                }
            }
        return true;
    }

    void expand(size_t i, int32_t target) {
        choices_.clear();
        window_.choices(position_, target, choices_);
        while (!choices_.empty()) {
            work_.load(i, window_);
            window_.apply(position_, choices_.back());
            enqueue(extend(work_.trail[i]), work_.total[i] + (choices_.back() < 0));
            choices_.pop_back();
        }
    }

    void enqueue(int32_t trail, int32_t total) {
        if (static_cast<size_t>(total) >= buckets_.size()) buckets_.resize(total + 1);
        buckets_[total].push_back(work_.size());
        work_.push(window_, trail, total);
    }

    int32_t extend(int32_t trail) {
        for (int32_t operation : window_.order) {
            trail_.push_back({trail, operation});
            trail = static_cast<int32_t>(trail_.size() - 1);
        }
        return trail;
    }

    // Forget the trails of configurations that are gone.
    void compact() {
        std::vector<int32_t> place(trail_.size(), -1);
        for (int32_t at : level_.trail)
            for (; at >= 0 && place[at] < 0; at = trail_[at].before) place[at] = 0;
        int32_t kept = 0;
        for (size_t i = 0; i < trail_.size(); ++i) {
            if (place[i] < 0) continue;
            place[i] = kept;
            trail_[kept++] = {trail_[i].before < 0 ? -1 : place[trail_[i].before], trail_[i].operation};
        }
        trail_.resize(kept);
        trail_kept_ = kept;
        for (int32_t& at : level_.trail)
            if (at >= 0) at = place[at];
    }

    Window<Model, Words> window_;
    Configurations seen_;
    Level level_, next_, work_;
    Meter& meter_;
    int32_t position_ = 0;
    uint64_t looked_at_ = 0;
    std::vector<Step> trail_;
    size_t trail_kept_ = 0;
    std::vector<std::vector<size_t>> buckets_;
    std::vector<typename Window<Model, Words>::Choice> choices_;
};

// Which of the two ways to search; both, by turns, unless told otherwise.
enum class Way : int { both = 0, depth = 1, breadth = 2 };

template <class Model, int Words>
class Search {
public:
    Search(Model& model, const Times& times, const Events& events, unsigned rules, Way way, Meter& meter)
        : meter_(meter), depth_(model, times, events, rules, meter), breadth_(model, times, events, rules, meter),
          way_(way), share_(10'000 + events.size()) {}

    Answer run(const Limits& limits) {
        Answer answer;
        try {
            meter_.look();
            run_by_turns(answer, limits);
        } catch (const Spent& spent) {
            answer.reason = spent.reason;
        }
        answer.configurations = depth_.configurations() + breadth_.configurations();
        if (answer.outcome == Outcome::unknown) answer.position = std::max(depth_.deepest(), breadth_.position());
        return answer;
    }

    uint64_t bytes() const { return depth_.bytes() + breadth_.bytes(); }

private:
    void run_by_turns(Answer& answer, const Limits& limits) {
        for (uint64_t share = share_;; share *= 2) {
            if (way_ != Way::breadth) {
                answer.outcome = depth_.run(std::min(share, limits.configurations - breadth_.configurations()));
                if (answer.outcome == Outcome::valid) answer.order = std::move(depth_.order());
                if (answer.outcome != Outcome::unknown) return;
            }
            if (way_ != Way::depth) {
                answer.outcome = breadth_.run(std::min(share, limits.configurations - depth_.configurations()));
                if (answer.outcome == Outcome::unknown) {
                    if (used_up(limits)) throw Spent{Reason::configurations};
                    continue;
                }
                answer.breadth_first = true;
                answer.position = breadth_.position();
                if (answer.outcome == Outcome::valid) answer.order = breadth_.order();
                if (answer.outcome == Outcome::invalid) answer.states = breadth_.states();
                return;
            }
            if (used_up(limits)) throw Spent{Reason::configurations};
        }
    }

    bool used_up(const Limits& limits) const {
        return depth_.configurations() + breadth_.configurations() >= limits.configurations;
    }

    Meter& meter_;
    DepthFirst<Model, Words> depth_;
    BreadthFirst<Model, Words> breadth_;
    Way way_;
    uint64_t share_;
};

}  // namespace splitbrain
