// What is known of a target: target_state.py, memory.py, identity.py and confidence.py of pytracking/tracker/dimp.
#pragma once

#include <numeric>

#include "distractors.hpp"
#include "functions.hpp"

// Training samples, of which the first `count` are in use: the first frame's, which are kept, then the others.
class Memory {
public:
    Memory(const std::vector<Arrays>& features, const std::vector<Box>& boxes, const MemoryParams& params)
        : params(params), num_init(int(boxes.size())), weights(params.size) {
        if (num_init >= params.size) throw std::runtime_error("the memory has no room beside the first frame's samples");
        sample_shape = features[0].at("sample").shape;
        for (int i = 0; i < num_init; ++i) {
            put(i, features[i].at("sample"), boxes[i]);
            weights[i] = 1.0 / num_init;
        }
    }

    int count() const { return std::min(num_init + num_added, params.size); }

    Arrays used() const {
        const int n = count();
        Shape shape = {n};
        shape.insert(shape.end(), sample_shape.begin(), sample_shape.end());
        return {{"samples", array(shape, samples)},
                {"boxes", array({n, 1, 4}, boxes)},
                {"weights", array({n, 1}, {weights.begin(), weights.begin() + n})}};
    }

    void add(const Array& sample, const Box& box, double learning_rate) {
        const double floor = params.init_samples_minimum_weight;
        const int kept = floor > 0 ? num_init : 0;
        const auto index_of = [&](int number) { return kept + (num_init - kept + number) % (params.size - kept); };
        const int index = index_of(num_added);
        const double before = num_added ? weights[index_of(num_added - 1)] : learning_rate;
        weights[index] = before / (1 - learning_rate);
        scale(0, params.size, 1);
        put(index, sample, box);
        ++num_added;
        if (sum(0, num_init) < floor) {
            std::fill(weights.begin(), weights.begin() + num_init, floor / num_init);
            scale(num_init, params.size, 1 - floor);
        }
    }

private:
    double sum(int first, int last) const {
        return std::accumulate(weights.begin() + first, weights.begin() + last, 0.0);
    }
    void scale(int first, int last, double total) {
        const double factor = total / sum(first, last);
        for (int i = first; i < last; ++i) weights[i] *= factor;
    }
    void put(int index, const Array& sample, const Box& box) {
        const size_t length = sample.values.size();
        samples.resize(std::max(samples.size(), (index + 1) * length));
        boxes.resize(std::max(boxes.size(), size_t(index + 1) * 4));
        std::copy(sample.values.begin(), sample.values.end(), samples.begin() + index * length);
        const Array its = to_array(box);
        std::copy(its.values.begin(), its.values.end(), boxes.begin() + index * 4);
    }

    MemoryParams params;
    int num_init, num_added = 0;
    Shape sample_shape;
    std::vector<float> samples, boxes;
    std::vector<double> weights;
};

// The highest score in the 3 x 3 cells around a position, clipped to 0..1.
inline double local_max_score(const ScoreMap& scores, Point displacement) {
    const int last = scores.size - 1;
    const auto cell = [&](double at) { return std::clamp(int(std::nearbyint(at + last / 2.0)), 0, last); };
    const int row = cell(displacement.y), column = cell(displacement.x);
    float highest = 0;
    for (int i = std::max(row - 1, 0); i <= std::min(row + 1, last); ++i)
        for (int j = std::max(column - 1, 0); j <= std::min(column + 1, last); ++j)
            highest = std::max(highest, scores.at(i, j));
    return std::min(highest, 1.0f);
}

inline State verify_state(State state, double identity_score, const LocalizationParams& params) {
    if (state == State::lost || identity_score < params.not_found_threshold) return State::lost;
    return identity_score < params.uncertain_threshold ? State::uncertain : state;
}

// What one frame shows of the box.
struct Evidence {
    double peak, recognition, energy;
};

// The running mean of the log-odds that the box is on the target.
inline double log_odds(const Calibration& c, const Evidence& evidence, double before) {
    const double odds = c.agreement * std::sqrt(evidence.peak * evidence.recognition) + c.energy * evidence.energy + c.bias;
    return std::isnan(before) ? odds : before + c.rate * (odds - before);
}

// Probability and state that are said of a frame.
inline std::pair<double, State> said(const Calibration& c, double odds, State verdict) {
    const double probability = (1 + std::tanh(odds / 2)) / 2;
    if (probability < c.lost_below) return {probability, State::lost};
    const bool sure = verdict == State::tracking && probability >= c.uncertain_below;
    return {probability, sure ? State::tracking : State::uncertain};
}

struct TargetState {
    Box box;         // image pixels
    Box first_size;  // its width and height
    Arrays modulation;
    Memory memory;
    Array filter, first_filter;
    double first_energy;
    Point motion = {};
    std::vector<Distractor> distractors = {};
    int lost = 0, probation = 0;  // frames without the target so far; frames in which it is not learned, to come
    double identity_score = 1, log_odds = NAN;
    int frame_number = 0;
};
