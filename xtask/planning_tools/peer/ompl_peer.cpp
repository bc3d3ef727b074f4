// OMPL's RRT-Connect for the planning benchmark: the peer that can run in the same process, with the
// very same check of configurations or of whole motions as our planner. Compiled by the benchmark
// when libompl-dev is installed.

#include <chrono>
#include <memory>

#include <ompl/base/MotionValidator.h>
#include <ompl/base/PlannerTerminationCondition.h>
#include <ompl/base/ScopedState.h>
#include <ompl/base/goals/GoalStates.h>
#include <ompl/base/spaces/RealVectorStateSpace.h>
#include <ompl/geometric/PathGeometric.h>
#include <ompl/geometric/planners/rrt/RRTConnect.h>
#include <ompl/util/Console.h>
#include <ompl/util/RandomNumbers.h>

namespace ob = ompl::base;
namespace og = ompl::geometric;

extern "C" {

struct OmplProblem {
    unsigned joints;
    const double *lower;
    const double *upper;
    const double *start;
    unsigned goal_count;
    const double *goals;
    // Whether a configuration is free.
    bool (*is_free)(const void *context, const double *positions);
    // Whether a straight motion is free; null: OMPL checks places `resolution` apart.
    bool (*is_motion_free)(const void *context, const double *from, const double *to);
    const void *context;
    double range;
    double resolution;
    double seconds;
};

struct OmplAnswer {
    double microseconds;
    double cost;
    bool solved;
};

OmplAnswer ompl_solve(const OmplProblem *problem, unsigned seed);
}

namespace {

const double *positions(const ob::State *state)
{
    return state->as<ob::RealVectorStateSpace::StateType>()->values;
}

class WholeMotions : public ob::MotionValidator {
public:
    WholeMotions(const ob::SpaceInformationPtr &si, const OmplProblem *problem)
        : ob::MotionValidator(si), problem_(problem) {}

    bool checkMotion(const ob::State *a, const ob::State *b) const override
    {
        return problem_->is_motion_free(problem_->context, positions(a), positions(b));
    }

    bool checkMotion(const ob::State *a, const ob::State *b,
                     std::pair<ob::State *, double> &last) const override
    {
        last.second = 0.0;
        return checkMotion(a, b);
    }

private:
    const OmplProblem *problem_;
};

}  // namespace

OmplAnswer ompl_solve(const OmplProblem *problem, unsigned seed)
{
    ompl::msg::setLogLevel(ompl::msg::LOG_NONE);
    // Only the first call of a process can set it; later searches go on in its sequence.
    static bool seeded = (ompl::RNG::setSeed(seed + 1), true);
    (void)seeded;
    const unsigned n = problem->joints;
    auto space = std::make_shared<ob::RealVectorStateSpace>(n);
    ob::RealVectorBounds bounds(n);
    for (unsigned i = 0; i < n; ++i) {
        bounds.setLow(i, problem->lower[i]);
        bounds.setHigh(i, problem->upper[i]);
    }
    space->setBounds(bounds);
    auto si = std::make_shared<ob::SpaceInformation>(space);
    si->setStateValidityChecker([problem](const ob::State *state) {
        return problem->is_free(problem->context, positions(state));
    });
    if (problem->is_motion_free != nullptr)
        si->setMotionValidator(std::make_shared<WholeMotions>(si, problem));
    si->setStateValidityCheckingResolution(problem->resolution / space->getMaximumExtent());
    si->setup();
    auto definition = std::make_shared<ob::ProblemDefinition>(si);
    ob::ScopedState<ob::RealVectorStateSpace> state(space);
    for (unsigned i = 0; i < n; ++i)
        state[i] = problem->start[i];
    definition->addStartState(state);
    auto goals = std::make_shared<ob::GoalStates>(si);
    for (unsigned k = 0; k < problem->goal_count; ++k) {
        for (unsigned i = 0; i < n; ++i)
            state[i] = problem->goals[k * n + i];
        goals->addState(state);
    }
    definition->setGoal(goals);
    og::RRTConnect planner(si);
    planner.setRange(problem->range);
    planner.setProblemDefinition(definition);
    planner.setup();
    const auto begin = std::chrono::steady_clock::now();
    const ob::PlannerStatus status = planner.solve(ob::timedPlannerTerminationCondition(problem->seconds));
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    OmplAnswer answer{took.count(), 0.0, status == ob::PlannerStatus::EXACT_SOLUTION};
    if (answer.solved)
        answer.cost = definition->getSolutionPath()->as<og::PathGeometric>()->length();
    return answer;
}
