// Searching breadth first.
#pragma once

#include <algorithm>
#include <deque>
#include <vector>

#include "depth_first.hpp"

namespace splitbrain {

// Passes the events with all configurations at once. Fast where there is no order, and knows when it went wrong.
template <class Model, int Words>
class BreadthFirst {
public:
    // `starts`: the states in which the object may be at first.
    BreadthFirst(Model& model, const Events& events, const Layout& layout, const std::vector<int32_t>& starts,
                 unsigned rules, Meter& meter)
        : window_(model, events, layout, rules), seen_(window_.words(), window_.classes(), rules & dominance),
          level_(window_.words(), window_.classes()), next_(level_), work_(level_), meter_(meter) {
        for (int32_t start : starts) {
            window_.state = start;
            level_.push(window_, -1, 0);
        }
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
        uint64_t waiting = 0;
        for (const auto& bucket : buckets_) waiting += bucket.capacity() * sizeof(size_t);
        return seen_.bytes() + level_.bytes() + next_.bytes() + work_.bytes() + trail_.size() * sizeof(Step) + waiting;
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
            meter_.tick();
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
        for (size_t i = 0; i < level_.size(); ++i) {
            meter_.tick();
            if (!window_.is_linearized_in(level_.masks.data() + i * level_.words, operation)) return false;
        }
        for (size_t i = 0; i < level_.size(); ++i) {
            meter_.tick();
            window_.forget_in(level_.masks.data() + i * level_.words, operation);
        }
        return true;
    }

    // The configurations in which the operation is linearized; false when the limit was reached before all are found.
    bool return_from(int32_t operation, uint64_t limit) {
        next_.clear();
        work_.clear();
        seen_.clear();
        for (auto& bucket : buckets_) bucket.clear();
        for (size_t i = 0; i < level_.size(); ++i) {
            meter_.tick();
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
            if (trail_.size() == never) throw Spent{Reason::memory};
            trail_.push_back({trail, operation});
            trail = static_cast<int32_t>(trail_.size() - 1);
        }
        return trail;
    }

    // Forget the trails of configurations that are gone.
    void compact() {
        std::vector<int32_t> place = filled<int32_t>(trail_.size(), -1, meter_);
        for (int32_t at : level_.trail)
            for (; at >= 0 && place[at] < 0; at = trail_[at].before) {
                meter_.tick();
                place[at] = 0;
            }
        int32_t kept = 0;
        for (size_t i = 0; i < trail_.size(); ++i) {
            meter_.tick();
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
    std::deque<Step> trail_;
    size_t trail_kept_ = 0;
    std::vector<std::vector<size_t>> buckets_;
    std::vector<typename Window<Model, Words>::Choice> choices_;
};

}  // namespace splitbrain
