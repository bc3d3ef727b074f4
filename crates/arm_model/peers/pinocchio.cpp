// What Pinocchio takes and answers: the peer of examples/bench_kinematics.rs.
//
//   pinocchio_peer URDF TIP STATES ANSWERS
//
// STATES holds q, v, a, tau of each state as little-endian doubles; ANSWERS gets tip position (3),
// tip rotation by rows (9), rnea and aba of each. Prints the nanoseconds per call of forward
// kinematics, joint Jacobians, rnea and aba, best and median of batches, as JSON.

#include <pinocchio/algorithm/aba.hpp>
#include <pinocchio/algorithm/frames.hpp>
#include <pinocchio/algorithm/jacobian.hpp>
#include <pinocchio/algorithm/kinematics.hpp>
#include <pinocchio/algorithm/rnea.hpp>
#include <pinocchio/parsers/urdf.hpp>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

using Vector = Eigen::VectorXd;

struct State { Vector q, v, a, tau; };

static std::vector<State> read_states(const char *path, int joints) {
  std::ifstream file(path, std::ios::binary);
  std::vector<State> states;
  auto next = [&](Vector &x) {
    x.resize(joints);
    return bool(file.read(reinterpret_cast<char *>(x.data()), joints * sizeof(double)));
  };
  for (State s; next(s.q) && next(s.v) && next(s.a) && next(s.tau);) states.push_back(s);
  return states;
}

static void write(std::ofstream &file, const double *data, int count) {
  file.write(reinterpret_cast<const char *>(data), count * sizeof(double));
}

// Processor time of this thread: what others run meanwhile does not count.
static double now() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

template <class Call>
static void measure(const char *name, const std::vector<State> &states, bool last, Call call) {
  const size_t batch = 100, batches = 2000;
  std::vector<double> nanoseconds;
  for (size_t b = 0; b < batches; ++b) {
    const double start = now();
    for (size_t k = 0; k < batch; ++k) call(states[(b * batch + k) % states.size()]);
    nanoseconds.push_back((now() - start) / batch);
  }
  std::sort(nanoseconds.begin(), nanoseconds.end());
  std::printf("\"%s\": [%.1f, %.1f]%s", name, nanoseconds.front(), nanoseconds[batches / 2],
              last ? "" : ", ");
}

int main(int count, char **args) {
  if (count != 5) return std::fprintf(stderr, "URDF TIP STATES ANSWERS\n"), 2;
  pinocchio::Model model;
  pinocchio::urdf::buildModel(args[1], model);
  model.gravity.linear() = Eigen::Vector3d(0, 0, -9.80665);
  pinocchio::Data data(model);
  const auto tip = model.getFrameId(args[2]);
  const auto states = read_states(args[3], model.nv);
  std::ofstream answers(args[4], std::ios::binary);
  for (const State &s : states) {
    pinocchio::framesForwardKinematics(model, data, s.q);
    const Eigen::Matrix<double, 3, 3, Eigen::RowMajor> rotation = data.oMf[tip].rotation();
    write(answers, data.oMf[tip].translation().data(), 3);
    write(answers, rotation.data(), 9);
    pinocchio::rnea(model, data, s.q, s.v, s.a);
    write(answers, data.tau.data(), model.nv);
    pinocchio::aba(model, data, s.q, s.v, s.tau);
    write(answers, data.ddq.data(), model.nv);
  }
  std::printf("{");
  measure("forward_kinematics", states, false, [&](const State &s) {
    pinocchio::forwardKinematics(model, data, s.q);
    pinocchio::updateFramePlacement(model, data, tip);
  });
  measure("jacobian", states, false, [&](const State &s) {
    pinocchio::computeJointJacobians(model, data, s.q);
  });
  measure("inverse_dynamics", states, false, [&](const State &s) {
    pinocchio::rnea(model, data, s.q, s.v, s.a);
  });
  measure("forward_dynamics", states, true, [&](const State &s) {
    pinocchio::aba(model, data, s.q, s.v, s.tau);
  });
  std::printf("}\n");
}
