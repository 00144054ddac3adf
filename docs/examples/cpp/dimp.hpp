// The logic of a frame: pytracking/tracker/dimp/dimp.py, without the search for a lost target in the whole picture.
#pragma once

#include <optional>

#include "state.hpp"

struct TrackOutput {
    Box box;
    double score;
    State state;
};

class DiMP {
public:
    DiMP(const std::string& folder, int threads)
        : manifest(folder), functions(folder, manifest.box_learning, threads) {}

    // Learn the target `box` of `frame`, RGB.
    void initialize(const cv::Mat& frame, const Box& box) {
        const auto t = search_region(box, frame.size(), manifest.settings);
        const auto [crops, boxes] = augmented_crops(frame, box, t, manifest.augmentation);
        std::vector<Arrays> features;
        for (const auto& crop : crops) features.push_back(functions.extract_features(crop));
        auto modulation = functions.get_iou_modulation(features[0], boxes[0]);
        if (manifest.box_learning.num_iter) modulation = functions.finetune_modulation(modulation, features, boxes);
        Memory memory(features, boxes, manifest.memory);
        const auto refined = functions.refine_target_box(features[0], modulation, boxes[0], in_crop(box, t));
        const Array filter = functions.learn_filter(memory.used(), manifest.memory.init_iter);
        state.emplace(TargetState{box, box, modulation, std::move(memory), filter, filter, refined.energy});
    }

    // Find the target in the next frame of the same size.
    TrackOutput track(const cv::Mat& frame) {
        const auto t = search_region(state->box, frame.size(), manifest.settings);
        const Arrays features = functions.extract_features(sample_crop(frame, t));
        const auto [learned, first] = functions.classify_target(state->filter, state->first_filter, features);
        const Localization found = localize_target(learned, t);
        const Box query = box_query(found, t);
        const auto refined = functions.refine_target_box(features, state->modulation, query, in_crop(state->first_size, t));
        const Evidence evidence{std::clamp(found.score, 0.0, 1.0), local_max_score(first, found.displacement),
                                refined.energy - state->first_energy};
        const Box best = moves_to_refined(found) ? refined.box : query;
        return update(t, evidence, found, features.at("sample"), best, frame.size());
    }

private:
    static Box in_crop(const Box& size, const CropTransform& t) { return {0, 0, size.width / t.scale, size.height / t.scale}; }

    static double cell_of(const CropTransform& t) { return CropSettings::stride * t.scale; }

    // The target's last center from the crop's, in cells.
    Point last_place(const CropTransform& t) const { return (center_of(state->box) - t.center) / cell_of(t); }

    Localization localize_target(const ScoreMap& scores, const CropTransform& t) const {
        MotionContext context{last_place(t), state->probation == 0, state->lost, state->motion / cell_of(t), {}};
        for (const auto& each : state->distractors)
            if (!each.unseen) context.distractors.push_back((each.place - t.center) / cell_of(t));
        const cv::Size2d size(state->box.width / cell_of(t), state->box.height / cell_of(t));
        return localize(scores, size, context, manifest.localization);
    }

    // The last box, shifted to the localized position.
    Box box_query(const Localization& found, const CropTransform& t) const {
        return box_to_crop(state->box, t) + (found.displacement - last_place(t)) * CropSettings::stride;
    }

    bool moves_to_refined(const Localization& found) const {
        return found.state == State::tracking || (found.state == State::uncertain && manifest.refine_when_uncertain);
    }

    // Update the box, the recognition by the first filter, and the classifier if the frame is sure.
    TrackOutput update(const CropTransform& t, const Evidence& evidence, const Localization& found, const Array& sample,
                       const Box& box_crop, cv::Size frame) {
        const auto& thresholds = manifest.localization;
        ++state->frame_number;
        const State verdict = state->probation && found.state == State::tracking ? State::uncertain : found.state;
        state->lost = found.state == State::lost ? state->lost + 1 : 0;
        if (!state->lost) state->probation = std::max(state->probation - 1, 0);
        else if (state->lost >= thresholds.probation_after) state->probation = thresholds.probation_frames;
        std::vector<Point> places;
        for (const auto& peak : found.distractors) places.push_back(peak.place * cell_of(t) + t.center);
        state->distractors = after(state->distractors, places, std::sqrt(state->box.area()));
        if (found.state != State::lost) {
            state->identity_score += thresholds.recognition_rate * (evidence.recognition - state->identity_score);
            const Box box = clip_to_frame(box_from_crop(box_crop, t), frame);
            state->motion = center_of(box) - center_of(state->box);
            state->box = box;
        }
        if (verdict == State::tracking) update_classifier(sample, box_to_crop(state->box, t), found.hard_negative);
        const auto [score, its_state] = confidence(evidence, verdict);
        return {state->box, score, its_state};
    }

    std::pair<double, State> confidence(const Evidence& evidence, State verdict) {
        if (!manifest.calibration.known)
            return {std::min(evidence.peak, state->identity_score),
                    verify_state(verdict, state->identity_score, manifest.localization)};
        state->log_odds = log_odds(manifest.calibration, evidence, state->log_odds);
        return said(manifest.calibration, state->log_odds, verdict);
    }

    // Limit the size of a box, and its distance from the frame.
    Box clip_to_frame(const Box& box, cv::Size frame) const {
        const auto side = [&](double length, double most) { return std::max(std::min(length, most), manifest.min_target_size); };
        const double w = side(box.width, frame.width), h = side(box.height, frame.height);
        const auto place = [&](double at, double length, double extent) {
            const double reach = (manifest.max_outside - 0.5) * length;
            return std::max(std::min(at, extent + reach), -reach);
        };
        const Point center(place(center_of(box).x, w, frame.width), place(center_of(box).y, h, frame.height));
        return {center.x - w / 2, center.y - h / 2, w, h};
    }

    // Store the sample; update the filter every `train_skipping` frames, and at once after a distractor.
    void update_classifier(const Array& sample, const Box& box_crop, bool hard_negative) {
        const auto& params = manifest.memory;
        state->memory.add(sample, box_crop, hard_negative ? params.hard_negative_learning_rate : params.learning_rate);
        int steps = hard_negative ? params.hard_negative_iter : 0;
        if (state->frame_number % params.train_skipping == 0) steps = params.update_iter;
        if (steps) state->filter = functions.update_filter(state->filter, state->memory.used(), steps);
    }

    Manifest manifest;
    Functions functions;
    std::optional<TargetState> state;
};
